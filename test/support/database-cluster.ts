/** A cluster whose groups store in a database of its own host. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { AGENT_FILE } from '../../core/layout.js';
import { verifyQueue } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import type { DatabaseSpec, TopologyInput } from '../../core/topology/schema.js';
import { JRE_IMAGE } from '../../images/jre-image.js';
import { groupUrl, probeFrom } from './probing.js';
import { clusterInput, until, type System } from './system.js';
import { parsed } from './topologies.js';

export const GROUP = 'brokerA';

/** Two nodes on two hosts, the database on a third. */
export async function databaseCluster(
  system: System,
  engine: DatabaseSpec['engine'],
  overrides: Partial<TopologyInput> = {},
): Promise<Topology> {
  const input = await clusterInput({ nodesPerGroup: 2 });
  const { host1 } = input.hosts;
  if (host1?.kind !== 'docker') throw new Error('no host');
  const at = (last: number) => ({ ...host1, address: host1.address.replace(/\d+$/, String(last)) });
  input.hosts = { host1: at(11), host2: at(12), dbhost: { ...at(20), image: JRE_IMAGE } };
  input.databases = { db: { engine, host: 'dbhost' } };
  const group = input.groups[GROUP];
  if (group === undefined) throw new Error('no group');
  group.store = { kind: 'jdbc', database: 'db' };
  const second = group.nodes['mq2'];
  if (second !== undefined) second.host = 'host2';
  // A master that is frozen here is to go on later, in the same JVM.
  input.watchdog = { enabled: false };
  system.owns(input.name);
  return parsed({ ...input, ...overrides });
}

/** Runs SQL as the administrator of the database. */
export function sql(system: System, topology: Topology, statement: string): Promise<string> {
  const engine = topology.databases?.['db']?.engine;
  const base = `${topology.root}/.databases/db`;
  const client =
    engine === 'mariadb'
      ? `mariadb --no-defaults --socket=${base}/data/socket -N everbroker_${GROUP}`
      : `${base}/bin/psql -qtA -h ${base}/data everbroker_${GROUP}`;
  return system.sh(
    topology,
    'dbhost',
    `cd / && echo "${statement}" | setpriv --reuid=7617 --regid=7617 --clear-groups ${client}`,
  );
}

const EVERY_ROW = 'SELECT COUNT(*) FROM ACTIVEMQ_MSGS';
const BURST = verifyQueue('burst');

/**
 * Takes the lease from a master in the middle of a burst of sends: from then until it has found that out it must store
 * nothing. The lease is free again afterwards.
 */
export async function insistOnLease(
  system: System,
  topology: Topology,
  ask: (statement: string) => Promise<string> = (statement) => sql(system, topology, statement),
): Promise<void> {
  const rows = async (): Promise<number> => Number(await ask(EVERY_ROW));
  const burst = sendOnAndOn(system, topology);
  await until('messages are stored', async () => (await rows()) > 100);
  const whenTaken = Number(
    await ask(
      `UPDATE ACTIVEMQ_LOCK SET BROKER_NAME = 'another', TIME = ${Date.now() + 600_000} WHERE ID = 1; ${EVERY_ROW}`,
    ),
  );
  await system.untilStatus(topology.name, ({ nodes }) => nodes.every(({ role }) => role !== 'master'));
  const atLast = await rows();
  await ask('UPDATE ACTIVEMQ_LOCK SET TIME = 1 WHERE ID = 1');
  await burst;
  // One statement may have begun before.
  assert.ok(atLast - whenTaken <= 1, `${whenTaken} were stored when the lease was taken, ${atLast} in the end`);
}

/** For at most 20 s, as fast as the broker answers. */
async function sendOnAndOn(system: System, topology: Topology): Promise<void> {
  const timeoutMs = 20_000;
  const from = groupUrl(topology, GROUP, { timeoutMs });
  const task = { task: 'produce', name: 'burst', queue: BURST, timeoutMs, from, count: 100_000 } as const;
  await probeFrom(system, { topology, host: 'host1' }, task);
}

/**
 * kill -9, and the agent lets the node lie for a while: a broker starts within the time of a lease, and as its holder
 * takes it again before another can.
 */
export const killFor = (
  system: System,
  topology: Topology,
  { host, node, seconds }: { host: string; node: string; seconds: number },
): Promise<string> => system.sh(topology, host, killCommand(node, seconds));

/** The same for a host that the caller reaches in another way. */
export const killCommand = (node: string, seconds: number): string =>
  `sh ${AGENT_FILE} fault inject ${randomUUID()} kill ${node} ${seconds * 1000}`;
