/** The secrets of a cluster. They live on its hosts (0600) and inside activities, never in a workflow's history. */
export interface Login {
  user: string;
  password: string;
}

/** A console's login, and the certificate of the authority to trust (PEM) where the console is encrypted. */
export interface ConsoleLogin extends Login {
  ca?: string;
}

/** PEM texts. */
export interface KeyAndCertificate {
  certificate: string;
  key: string;
}

/** What encrypts a cluster's connections. On its way to a host it holds that host's key only, and no authority's. */
export interface TlsSecrets {
  /** Of the key stores on hosts; it stands in the credentials file. */
  password: string;
  /** The certificate that clients trust; the key is null for an authority that somebody else keeps. */
  ca: { certificate: string; key: string | null };
  /** One a host. */
  hosts: Record<string, KeyAndCertificate>;
}

export interface ClusterSecrets {
  /** Goes up by one whenever a value changes. */
  version: number;
  /**
   * By group, the version at which something changed that its nodes hold: their credentials files are compared by it, never
   * by content. A group without an entry has `version`.
   */
  groups?: Record<string, number> | undefined;
  /** Web console and Jolokia. */
  console: Login;
  /** Applications. */
  client: Login;
  /** The networkConnectors of the bridges. */
  bridge: Login;
  /** Verification; allowed only EVERBROKER.>. */
  probe: Login;
  /** The broker's own vm:// connections (web console). */
  system: Login;
  /** Of groups whose store is behind a login, by group; a node gets its own group's only. */
  stores: Record<string, Login>;
  /** Absent until a topology wants encryption; kept when one gives it up, so that clients' trust stays. */
  tls?: TlsSecrets | undefined;
}

export const versionFor = ({ version, groups }: Pick<ClusterSecrets, 'version' | 'groups'>, group: string): number =>
  groups?.[group] ?? version;

/**
 * Groups whose nodes hold something that differs. Only the login of a store is one group's own; every broker knows the rest:
 * bridges, the probe, clients and people come to all of them.
 */
export function changedGroups(groups: readonly string[], before: ClusterSecrets, after: ClusterSecrets): string[] {
  const shared = ({ console, client, bridge, probe, system, tls }: ClusterSecrets): unknown[] => [
    ...[console, client, bridge, probe, system].map(plain),
    tls ?? null,
  ];
  if (JSON.stringify(shared(before)) !== JSON.stringify(shared(after))) return [...groups];
  return groups.filter((group) => plain(before.stores[group]) !== plain(after.stores[group]));
}

const plain = (login: Login | undefined): string => JSON.stringify([login?.user, login?.password]);
