/** Where the claim on a cluster can lie. The protocol is in claim.ts; a place only has to make and remove it atomically. */

/** A claim as it was found. */
export interface FoundClaim {
  /** Of this very claim: a successor's is another. */
  id: string;
  /** Null when what has the claim's name is no claim. */
  cluster: string | null;
  token: string;
  /** Who holds it, in words. */
  operation: string;
  /** The last sign of life, s since 1970 by the owner's clock: only to be compared with another look at it. */
  renewedAt: number;
}

export interface NewClaim {
  cluster: string;
  token: string;
  operation: string;
  renewedAt: number;
}

export interface Lease {
  /** Takes the claim if nobody has it. Returns who has it otherwise, null when it is now the caller's. */
  take(claim: NewClaim, signal: AbortSignal): Promise<FoundClaim | null>;
  read(): Promise<FoundClaim | null>;
  /** Only that very claim. @throws EverbrokerError OwnershipLost when it is gone. */
  renew(id: string, renewedAt: number): Promise<void>;
  /** Only that very claim; does nothing where it is gone. */
  remove(id: string): Promise<void>;
}
