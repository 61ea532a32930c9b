/** What one look at a host saw. JSON-plain: it goes through workflow histories, so it holds no secrets and no file content. */

/** State of the containers' engine around one host (Docker hosts only). */
export interface PlacementObservation {
  engineId: string;
  network: { exists: boolean; id?: string; subnet?: string; ours: boolean };
  container: { exists: boolean; id?: string; running: boolean; ours: boolean; specHash?: string };
}

/** What a machine that is no container of ours shows beside Everbroker's own (SSH hosts only). */
export interface MachineObservation {
  /** The machine's own id, which a host is pinned to: /etc/machine-id and its host key. */
  id: string;
  /** Cluster of the manifest that lies there; `?` when the manifest cannot be read, null without one. */
  cluster: string | null;
  /** Whether the agent lies there: false on a machine that nobody prepared, or that was cleared. */
  installed: boolean;
  /** Name of process 1, and what would start an agent at boot. */
  firstProcess: string;
  boot: Boot;
  /** sha256 by path of what starts the agent at boot. */
  hooks: Record<string, string>;
  /** Command of its package manager. */
  packages: string | null;
  lacks: string[];
  /** Who listens on ports that nodes want; no pid where nobody could tell. */
  ports: { port: number; pid?: number; command: string }[];
  /** Free space by directory, and the mount point that it is on. */
  disks: { directory: string; freeKb: number; mount: string }[];
  readOnly: string[];
  memoryKb: number;
  /** Most files that a process can open. */
  files: number;
  /** User who has the brokers' uid, and uid of the user who has their name. */
  userOfUid: string | null;
  uidOfUser: number | null;
  /** The same of the uid and the user of databases, where one is to be. Absent in looks that were taken before. */
  userOfServiceUid?: string | null;
  uidOfServiceUser?: number | null;
  /** ActiveMQ of others below the root. */
  foreign: string[];
  /** Stores that exist. */
  stores: string[];
  /** The worker's clock before and after the look, ms. */
  asked: { from: number; to: number };
}

export type Boot = 'systemd' | 'initd' | 'cron' | 'none';

export interface NodeObservation {
  name: string;
  desired: 'up' | 'down' | 'fenced' | 'unknown';
  /** The JVM of this node, found in /proc by its own -Dactivemq.base. */
  process: { alive: boolean; pid?: number; /** state letter of /proc/PID/stat */ state?: string; uptimeMs?: number };
  /** Hash of the launch file that the running JVM was started with; tells a restart that is still owed. */
  launchedWith?: string;
  /** The same hash over the files as they are now. */
  currentFingerprint?: string;
  /** Ports of the node's JVM in LISTEN state. */
  listening: number[];
  /** What the last role line of the log says. */
  log: { role: 'master' | 'slave' | 'starting' | 'failed' | 'none'; line?: string };
  /** Who holds the lock of the store, by /proc/locks. */
  lock: 'held' | 'free' | 'held-by-other' | 'unknown';
  /**
   * The store that it runs on, or was configured for where it does not run, and the group that it was of. Absent where
   * nothing is configured, and of nodes that an older agent started.
   */
  store?: { group: string; identity: string };
  /** Whether the broker's user can write the store's directory. */
  storeWritable: boolean;
  /** Version of the credentials file, 0 when there is none. */
  credentialsVersion: number;
  /** Times that the agent started this node. */
  starts: number;
}

/** A database, kept by the host's agent as nodes are. */
export interface ServiceObservation {
  name: string;
  desired: 'up' | 'down' | 'fenced' | 'unknown';
  process: { alive: boolean; pid?: number; state?: string };
  launchedWith?: string;
  currentFingerprint?: string;
  listening: number[];
  /** Whether its programs and its data are there: a new container has the data only. */
  installed: boolean;
  /** For whom its accounts were made last: `<hash of who may come in>-<version of the credentials>`. */
  granted: string;
  starts: number;
}

/** A node of which its host knows nothing. */
export const unknownNode = (name: string): NodeObservation => ({
  name,
  desired: 'unknown',
  process: { alive: false },
  listening: [],
  log: { role: 'none' },
  lock: 'unknown',
  storeWritable: false,
  credentialsVersion: 0,
  starts: 0,
});

export interface HostObservation {
  host: string;
  /** Milliseconds since the epoch by the host's clock. */
  clock: number;
  placement?: PlacementObservation;
  machine?: MachineObservation;
  /** Present only when the host could be looked into. */
  inside?: HostInside;
}

export interface HostInside {
  agentHash: string | null;
  agentRunning: boolean;
  owner: string | null;
  architecture: string;
  publicKey: string | null;
  java: { path: string; major: number; version: string } | null;
  /** Complete homes by directory name, e.g. apache-activemq-5.18.3. */
  homes: string[];
  classDataArchives: string[];
  probeHash: string | null;
  manifestHash: string | null;
  secretsVersion: number;
  /** On the first host: see `groups` of ClusterSecrets. */
  groupVersions?: Record<string, number>;
  /** On the first host, where references changed: the groups that hold what changes; absent: all. */
  changedGroups?: string[];
  /** On the first host: whether the topology asks for another user or password than the master copy has. */
  referencesChanged?: boolean;
  runAsUser: boolean;
  /** sha256 of every file that Everbroker manages on the host, by path. */
  files: Record<string, string>;
  nodes: NodeObservation[];
  /** Absent in looks that were taken before there were any. */
  services?: ServiceObservation[];
}
