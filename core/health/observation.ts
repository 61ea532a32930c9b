/** What one look at a host saw. JSON-plain: it goes through workflow histories, so it holds no secrets and no file content. */

/** State of the containers' engine around one host (Docker hosts only). */
export interface PlacementObservation {
  engineId: string;
  network: { exists: boolean; id?: string; subnet?: string; ours: boolean };
  container: { exists: boolean; id?: string; running: boolean; ours: boolean; specHash?: string };
}

/** What a machine that is not a container shows beside Everbroker's own. */
export interface MachineObservation {
  /** The machine's own id, which a host is pinned to. */
  id: string;
}

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
  /** Whether the broker's user can write the store's directory. */
  storeWritable: boolean;
  /** Version of the credentials file, 0 when there is none. */
  credentialsVersion: number;
  /** Times that the agent started this node. */
  starts: number;
}

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
  /** On the first host: whether the topology asks for another user or password than the master copy has. */
  referencesChanged?: boolean;
  runAsUser: boolean;
  /** sha256 of every file that Everbroker manages on the host, by path. */
  files: Record<string, string>;
  nodes: NodeObservation[];
}
