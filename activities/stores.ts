/** Stores that are not files of a host: asked from the hosts of their brokers, as the brokers would. */
import { EverbrokerError } from '../core/failure.js';
import type { NodeObservation } from '../core/health/observation.js';
import type { LockAnswer, LockQuestion } from '../core/health/lock-proof.js';
import type { StoreReading } from '../core/health/store-reading.js';
import { JAVA_LINK, credentialsFile, driverFile } from '../core/layout.js';
import type { StepResult } from '../core/plan/step.js';
import { storeOf } from '../core/stores/index.js';
import { nodeNamed, type Node, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { askLock } from '../probes/lock-probe.js';
import { readLease, readReadiness, type Readiness, type StoreProbe } from '../probes/store-probe.js';
import type { Deps } from './deps.js';
import { PROBE_JAR } from './probe-files.js';
import type { StepInput } from './step-input.js';

/**
 * Whether a broker of this host could start on its store: it is there, lets the login in, and its tables are there or can
 * be made. What is wrong is said before brokers wait for it.
 */
export async function checkStore(
  deps: Deps,
  { topology, host, token, step }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const node = nodeNamed(topology, step.node ?? '');
  const probe = probeOf(topology, node);
  if (probe === null) return { changed: false };
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const found = await readReadiness(opened, probe, signal);
  if (found.state !== 'ready') throw notReady(found, { group: node.group, host, url: probe.url });
  return { changed: false, note: 'reached' };
}

function notReady(
  { state, detail }: Exclude<Readiness, { state: 'ready' }>,
  { group, host, url }: { group: string; host: string; url: string },
): EverbrokerError {
  const database = url.replace(/\?.*$/, '');
  const what = {
    unreachable: 'cannot be reached',
    refused: 'refuses the user or its password',
    'no-database': 'does not exist',
    'no-rights': 'lets the user make no tables',
    'no-tables': 'has no tables',
    failed: 'cannot be used',
  }[state];
  const type = state === 'unreachable' || state === 'failed' ? 'StoreUnreachable' : 'StoreRefused';
  const message = `the database of ${group}, ${database}, ${what} (asked from ${host}): ${detail}`;
  return new EverbrokerError(type, message, { group, host, database, state });
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
 * Who holds the lease of a group, asked with the login of a node on this host; null where the lock is a file, and where
 * nobody on the host has a login.
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
  const probe = node === undefined ? null : probeOf(topology, node);
  return probe === null ? null : readLease(host, probe, signal);
}

function probeOf(topology: Topology, node: Node): StoreProbe | null {
  const { lease } = storeOf(topology, node.group);
  if (lease === null) return null;
  return {
    javaHome: JAVA_LINK,
    jars: [PROBE_JAR, driverFile(topology, lease.driver.file)],
    credentials: credentialsFile(topology, node.name),
    url: lease.url,
  };
}
