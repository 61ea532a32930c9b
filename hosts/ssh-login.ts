/** What an SSH connection is made of, with every reference resolved. Held in memory only. */
export interface SshKey {
  privateKey: string;
  passphrase?: string | undefined;
  /** One of several that happen to be there: passed over where it cannot be read. */
  optional?: boolean | undefined;
}

/** One machine on the way: the host itself or a jump host. */
export interface SshLogin {
  address: string;
  port: number;
  user: string;
  /** Tried in this order, then the agent, then the password. */
  keys: readonly SshKey[];
  /** Socket of an agent. */
  agent?: string | undefined;
  /** Also for sudo, where that asks. */
  password?: string | undefined;
  /** SHA256:… of its key; without it these known_hosts files decide. */
  fingerprint?: string | undefined;
  knownHosts: readonly string[];
}

export interface SshRoute {
  login: SshLogin;
  /** Jump hosts, nearest first. */
  jumps: readonly SshLogin[];
}

export const endpointOf = ({ address, port }: SshLogin): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
