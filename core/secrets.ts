/** The secrets of a cluster. They live on its hosts (0600) and inside activities, never in a workflow's history. */
export interface Login {
  user: string;
  password: string;
}

export interface ClusterSecrets {
  /** Goes up by one whenever a value changes; nodes' credentials files are compared by it, never by content. */
  version: number;
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
}
