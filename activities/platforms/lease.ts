/** Where the claim on a cluster can lie. The protocol is in claim.ts; a place only has to make and remove it atomically. */

/** Who has a claim. */
export interface ClaimHolder {
  /** Of this very claim: a successor's is another. */
  id: string;
  /** Null when what has the claim's name is no claim. */
  cluster: string | null;
  token: string;
  /** Who holds it, in words. */
  operation: string;
}

/** A claim as it was found. */
export interface FoundClaim extends ClaimHolder {
  /** Changes with every renewal. */
  content: string;
}

export interface NewClaim {
  cluster: string;
  token: string;
  operation: string;
  content: string;
}

export interface Lease {
  /** Takes the claim if nobody has it. Returns who has it otherwise, null when it is now the caller's. */
  take(claim: NewClaim, signal: AbortSignal): Promise<FoundClaim | null>;
  /** Costs less than reading it, where who has it is enough. */
  holder(): Promise<ClaimHolder | null>;
  read(): Promise<FoundClaim | null>;
  /** Only that very claim. @throws EverbrokerError OwnershipLost when it is gone. */
  renew(id: string, content: string): Promise<void>;
  /** Only that very claim; does nothing where it is gone. */
  remove(id: string): Promise<void>;
}
