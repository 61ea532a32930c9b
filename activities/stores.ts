/** Stores that are not files of a host: asked from the hosts of their brokers, as the brokers would. */
import { renderCredentials } from '../core/activemq/render.js';
import { EverbrokerError } from '../core/failure.js';
import type { NodeObservation } from '../core/health/observation.js';
import type { LockAnswer, LockQuestion } from '../core/health/lock-proof.js';
import type { StoreReading, Unreadable } from '../core/health/store-reading.js';
import { JAVA_LINK, credentialsFile, driverFile } from '../core/layout.js';
import type { StepResult } from '../core/plan/step.js';
import { storeOf } from '../core/stores/index.js';
import { nodeNamed, type Node, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import type { Sealed } from '../hosts/sealed.js';
import { askLock } from '../probes/lock-probe.js';
import { readElection, type ElectionProbe } from '../probes/election-probe.js';
import { readLease, readReadiness, type StoreProbe } from '../probes/store-probe.js';
import type { Deps } from './deps.js';
import { unseal } from './nodes.js';
import { PROBE_JAR } from './probe-files.js';
import type { StepInput } from './step-input.js';

/**
 * Whether a broker of this host could start on its store: it is there, lets the login in, and its tables are there or can
 * be made. What is wrong is said before brokers wait for it. With the credentials that this operation shares, where it does:
 * a node that runs gets them only once it is stopped.
 */
export async function checkStore(
  deps: Deps,
  { topology, host, token, step, sealed }: StepInput & { sealed?: Sealed },
  signal: AbortSignal,
): Promise<StepResult> {
  const node = nodeNamed(topology, step.node ?? '');
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const lease = leaseProbe(topology, node);
  const election = electionProbe(topology, node);
  if (lease !== null) {
    if (sealed !== undefined) {
      const secrets = await unseal(deps, { host: opened, key: `${token}/${host}`, sealed, signal });
      lease.credentials = { text: renderCredentials(topology, node, secrets).content };
    }
    const found = await readReadiness(opened, lease, signal);
    const database = `the database of ${node.group}, ${lease.url.replace(/\?.*$/, '')},`;
    if (found.state !== 'ready') throw notReady(found, { what: database, group: node.group, host });
  } else if (election !== null) {
    // The servers of an ensemble that was started a moment ago have yet to find their leader.
    const found = await readElection(opened, election, { patienceMs: ENSEMBLE_MS, signal });
    const ensemble = `the ZooKeeper of ${node.group}, ${election.servers.join(', ')},`;
    if ('detail' in found) throw notReady(found, { what: ensemble, group: node.group, host });
  } else return { changed: false };
  return { changed: false, note: 'reached' };
}

const ENSEMBLE_MS = 20_000;

function notReady(
  { state, detail }: Unreadable,
  { what, group, host }: { what: string; group: string; host: string },
): EverbrokerError {
  const why = {
    unreachable: 'cannot be reached',
    refused: 'refuses the user or its password',
    'no-database': 'does not exist',
    'no-rights': 'lets the user make no tables',
    'no-tables': 'has no tables',
    'needs-tls':
      'takes no password without TLS: add sslMode=verify-full to its URL (sslMode=trust takes any certificate), or allowPublicKeyRetrieval=true where the network is trusted',
    failed: 'cannot be used',
  }[state];
  const type = state === 'unreachable' || state === 'failed' ? 'StoreUnreachable' : 'StoreRefused';
  return new EverbrokerError(type, `${what} ${why} (asked from ${host}): ${detail}`, { group, host, state });
}

/** One question of the proof of a group's lock, asked on one of its hosts. */
export async function probeLock(
  deps: Deps,
  { topology, host, token, group, question, id }: LockInput,
  signal: AbortSignal,
): Promise<LockAnswer> {
  const { directory } = storeOf(topology, group);
  if (directory === null) throw new Error(`the store of ${group} has no directory`);
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const probe = { javaHome: JAVA_LINK, jar: PROBE_JAR, uid: topology.runAs.uid, directory, id };
  return askLock(opened, question, { probe, signal });
}

export interface LockInput {
  topology: Topology;
  host: string;
  token: string;
  group: string;
  question: LockQuestion;
  /** Of this proof alone. */
  id: string;
}

/**
 * Who is master by the store's own word, asked as a node on this host asks; null where the lock is a file, and where nobody
 * on the host has a login.
 */
export async function readStore(
  host: Host,
  topology: Topology,
  {
    nodes,
    inside,
    signal,
  }: { nodes: readonly Node[]; inside: { nodes: readonly NodeObservation[] }; signal: AbortSignal },
): Promise<StoreReading | null> {
  const node = nodes.find(({ name }) => inside.nodes.some((seen) => seen.name === name && seen.credentialsVersion > 0));
  if (node === undefined) return null;
  const election = electionProbe(topology, node);
  if (election !== null) return readElection(host, election, { patienceMs: 0, signal });
  const lease = leaseProbe(topology, node);
  return lease === null ? null : readLease(host, lease, signal);
}

function leaseProbe(topology: Topology, node: Node): StoreProbe | null {
  const { lease } = storeOf(topology, node.group);
  if (lease === null) return null;
  return {
    javaHome: JAVA_LINK,
    jars: [PROBE_JAR, driverFile(topology, lease.driver.file)],
    credentials: credentialsFile(topology, node.name),
    url: lease.url,
  };
}

function electionProbe(topology: Topology, node: Node): ElectionProbe | null {
  const { election } = storeOf(topology, node.group);
  if (election === null) return null;
  return { javaHome: JAVA_LINK, jar: PROBE_JAR, servers: election.servers, path: election.path };
}
