/** Where things are on a host: each path is made in one function, for Docker and SSH hosts alike. */
import type { Topology } from './topology/schema.js';

/** State of the host that outlives containers: agent, owner, manifest, secrets, desired states, event log. */
export const STATE_DIR = '/var/lib/everbroker';
export const AGENT_FILE = `${STATE_DIR}/agent.sh`;
/** Owner token of the operation that may change this host: one line, the holder's run id. */
export const OWNER_FILE = `${STATE_DIR}/owner`;
export const MANIFEST_FILE = `${STATE_DIR}/manifest.json`;
export const SECRETS_FILE = `${STATE_DIR}/secrets.json`;
/** X25519 key pair of the host, to which secrets are sealed on their way between workers. */
export const HOST_KEY_FILE = `${STATE_DIR}/host.key`;
export const HOST_PUBLIC_KEY_FILE = `${STATE_DIR}/host.pub`;
export const PROBE_DIR = `${STATE_DIR}/probe`;

/** What a drill leaves on a host: samples of roles, the records of its load. */
export const drillDir = (drill: string): string => `${STATE_DIR}/drills/${drill}`;

/** Stable link to the Java home in use, so that launch files do not depend on which Java that is. */
export const JAVA_LINK = `${STATE_DIR}/java`;

export const NODES_DIR = `${STATE_DIR}/nodes`;
/** What the agent knows of a node. */
export const nodeStateDir = (node: string): string => `${NODES_DIR}/${node}`;
/** Launch description of a node, read by the agent: KEY=value lines. */
export const launchFile = (node: string): string => `${nodeStateDir(node)}/launch`;
/** Hash of the credentials file as it was put there, for root only. */
export const credentialsHashFile = (node: string): string => `${nodeStateDir(node)}/credentials.sha256`;
/** `up | down | fenced`, written by Everbroker, obeyed by the agent. */
export const desiredFile = (node: string): string => `${nodeStateDir(node)}/desired`;

/** ActiveMQ's home: shared by the nodes of a host, never written after it is complete. */
export const activemqHome = (topology: Topology): string =>
  `${topology.root}/.activemq/apache-activemq-${topology.activemq.version}`;
/** Last entry of an archive that Everbroker prepared: a tree that has it is whole. The agent starts nothing from one without. */
export const TREE_MARK = '.complete';
/** A node's base: its conf, data and logs. */
export const nodeBase = (topology: Topology, node: string): string => `${topology.root}/${node}`;
export const nodeConf = (topology: Topology, node: string): string => `${nodeBase(topology, node)}/conf`;
/** The one file with secrets. */
export const credentialsFile = (topology: Topology, node: string): string =>
  `${nodeConf(topology, node)}/credentials.properties`;
/** In a node's conf, where TLS is on: its key, whom it trusts, and the same for people and the probe. */
export const KEY_STORE = 'keystore.p12';
export const TRUST_STORE = 'truststore.p12';
export const caFile = (topology: Topology, node: string): string => `${nodeConf(topology, node)}/ca.pem`;
/** Hashes of these files as they were put there, as sha256sum checks them; for root only. */
export const tlsHashFile = (node: string): string => `${nodeStateDir(node)}/tls.sha256`;
export const nodeLog = (topology: Topology, node: string): string => `${nodeBase(topology, node)}/data/activemq.log`;
/** Java unpacked from an archive; the key is the archive's checksum. */
export const javaHome = (topology: Topology, sha512: string): string => `${topology.root}/.java/${sha512.slice(0, 16)}`;
/** Class-data archives, one per version; a file beside each has the exact key of JVM, architecture and jars. */
export const classDataDir = (topology: Topology): string => `${topology.root}/.cds`;
export const classDataFile = (topology: Topology): string =>
  `${classDataDir(topology)}/${topology.activemq.version}.jsa`;
export const classDataKeyFile = (topology: Topology): string =>
  `${classDataDir(topology)}/${topology.activemq.version}.key`;
/** Drivers of databases: jars that the brokers of some groups have on their class path beside ActiveMQ's own. */
export const driverFile = (topology: Topology, name: string): string => `${topology.root}/.drivers/${name}`;
/** A node's own copy of a replicated store: a mount with a life of its own. */
export const replicaDirectory = (topology: Topology, node: string): string => `${topology.root}/.replicas/${node}`;
/** What a database has on its host: a mount with a life of its own. */
export const databaseBase = (topology: Topology, database: string): string => `${topology.root}/.databases/${database}`;
