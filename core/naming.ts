/** Ids, names and labels: each is made in one function, so that no two parts of the system spell one differently. */
import type { Topology } from './topology/schema.js';
import { dockerHostOf } from './topology/topology.js';

export const DEFAULT_TASK_QUEUE = 'everbroker';
export const CONTRACT_VERSION = 1;

/** The id of the child workflow that holds a cluster: one writer per cluster and Temporal namespace. */
export const holderWorkflowId = (cluster: string): string => `cluster/${cluster}`;

export const LABEL_CLUSTER = 'everbroker.cluster';
export const LABEL_HOST = 'everbroker.host';
export const LABEL_GROUP = 'everbroker.group';
export const LABEL_NODE = 'everbroker.node';
export const LABEL_DATABASE = 'everbroker.database';
/** What a labelled thing is: container | claim | store | replica | database | state | network | fault. */
export const LABEL_ROLE = 'everbroker.role';
/** Hash of the host's specification that a container was created from. */
export const LABEL_SPEC = 'everbroker.spec';
/** Token of the operation that made it: a rollback removes only what its own run created, whoever reported it. */
export const LABEL_CREATOR = 'everbroker.creator';

export const containerName = (topology: Topology, host: string): string =>
  dockerHostOf(topology, host).container ?? `${topology.name}-${host}`;

/** The never-started container whose name is the claim on a cluster on one engine. */
export const claimName = (cluster: string): string => `everbroker-claim-${cluster}`;
/** The volume of a group's store: it outlives containers, and destroy unless told otherwise. */
export const storeVolume = (cluster: string, group: string): string => `${cluster}.${group}.store`;
/** The volume of a node's own copy of a replicated store: like a store's. */
export const replicaVolume = (cluster: string, node: string): string => `${cluster}.${node}.replica`;
/** The volume of a database or of a server of an ensemble: like a store's. */
export const databaseVolume = (cluster: string, database: string): string => `${cluster}.${database}.database`;
/** The helper container that does a fault to a host, and undoes it. */
export const faultHelper = (cluster: string, host: string, id: string): string => `${cluster}.${host}.fault.${id}`;
/** The volume of a host's state (agent, secrets, manifest). */
export const stateVolume = (cluster: string, host: string): string => `${cluster}.${host}.state`;

/** Where in ZooKeeper the nodes of a group elect their master. One level: clusters have no parent in common. */
export const replicationPath = (cluster: string, group: string): string => `/everbroker.${cluster}.${group}`;

/** Under which a group's master announces itself by multicast: no other cluster on the segment listens for it. */
export const multicastGroup = (cluster: string, group: string): string => `${cluster}.${group}`;

/** Queues that verification makes and deletes; the probe's user may touch nothing else. */
export const PROBE_QUEUE_PREFIX = 'EVERBROKER.';
export const verifyQueue = (id: string): string => `${PROBE_QUEUE_PREFIX}VERIFY.${id}`;

/** Users of a broker that are Everbroker's own. */
export const BRIDGE_USER = 'everbroker-bridge';
export const PROBE_USER = 'everbroker-probe';
export const SYSTEM_USER = 'everbroker-system';

export const SEARCH_ATTRIBUTES = [
  'EverbrokerCluster',
  'EverbrokerOperation',
  'EverbrokerVerdict',
  'EverbrokerScenario',
] as const;

/** Schedules of Everbroker's own have ids of this beginning. */
export const SCHEDULE_PREFIX = 'everbroker/';
export const scheduleId = (cluster: string, what: string): string => `${SCHEDULE_PREFIX}${cluster}/${what}`;
