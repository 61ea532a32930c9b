/** Drills at what brokers store in: databases, ensembles. What happens to them when Everbroker dies while the fault is on. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { portOf } from '../../core/databases/engines.js';
import type { DrillRecord } from '../../core/drills/record.js';
import type { ScenarioInput } from '../../core/drills/scenario.js';
import {
  allNodes,
  brokerHosts,
  hostNames,
  hostOf,
  nodesOnHost,
  servicesOf,
  servicesOnHost,
  type Topology,
} from '../../core/topology/topology.js';
import { recordOf, startDrill, untilHeld } from './real-drills.js';
import { until, type System } from './system.js';

/** Beyond the hold. */
const HEALED_WITHIN_MS = 30_000;

/** The worker is killed while the fault is held and comes back at once: the next one heals in time, and judges. */
export async function drillWithoutItsWorker(
  system: System,
  topology: Topology,
  { scenario, holdSeconds }: { scenario: ScenarioInput; holdSeconds: number },
): Promise<DrillRecord> {
  const drill = await startDrill(system, topology, scenario);
  await untilHeld(drill);
  await system.killWorker();
  const endOfHold = Date.now() + holdSeconds * 1000;
  await system.startWorker();
  const record = await recordOf(drill);
  assert.equal(record.healed, true);
  const [injection] = record.injections;
  assert.ok((injection?.healedAt ?? Infinity) < endOfHold + HEALED_WITHIN_MS, JSON.stringify(injection));
  return record;
}

/** Worker and Temporal are killed while the fault is held: it heals by itself in time, and they find that when they are back. */
export async function drillWithNobodyThere(
  system: System,
  topology: Topology,
  { scenario, holdSeconds }: { scenario: ScenarioInput; holdSeconds: number },
): Promise<DrillRecord> {
  const drill = await startDrill(system, topology, scenario);
  await untilHeld(drill);
  await Promise.all([system.killWorker(), system.killServer()]);
  await delay(holdSeconds * 1000);
  let seen: string[] = [];
  try {
    await until(
      'the cluster is whole by itself',
      async () => (seen = await missing(system, topology)).length === 0,
      HEALED_WITHIN_MS,
    );
  } catch (error) {
    throw new Error(seen.join('\n'), { cause: error });
  }
  await system.startServer();
  await system.startWorker();
  const record = await recordOf(drill);
  assert.equal(record.healed, true);
  assert.notEqual(record.injections[0]?.healedBy, 'drill');
  return record;
}

/** What keeps the cluster from being whole, without Temporal and without a worker: what the hosts themselves show. */
async function missing(system: System, topology: Topology): Promise<string[]> {
  const services = servicesOf(topology).map((service) => ({
    name: service.name,
    way: `/dev/tcp/${hostOf(topology, service.host).address}/${portOf(service)}`,
  }));
  const found = await Promise.all(
    hostNames(topology).map(async (host) => {
      const text = await system.sh(topology, host, lookAt(services)).catch((error: unknown) => String(error));
      const jvms =
        nodesOnHost(topology, host).length +
        servicesOnHost(topology, host).filter(({ engine }) => engine === 'zookeeper').length;
      const wanted = [`jvms ${jvms}`, 'armed 0'];
      // The host of a database alone has no broker whose way there could be cut.
      if (brokerHosts(topology).includes(host)) wanted.push(...services.map(({ name }) => `reached ${name}`));
      return wanted.filter((line) => !text.split('\n').includes(line)).map((line) => `${host}: not ${line}`);
    }),
  );
  const serving = await Promise.all(
    allNodes(topology).map(async ({ host, openwire }) => {
      const stream = await system
        .host(topology, host)
        .open(openwire, { timeoutMs: 1000 })
        .catch(() => null);
      stream?.destroy();
      return stream !== null;
    }),
  );
  const masters = serving.filter((serves) => serves).length;
  return [...found.flat(), ...(masters === 1 ? [] : [`${masters} brokers serve`])];
}

/** JVMs that run, timers of the agent that are armed, and which services are reached. */
const lookAt = (services: readonly { name: string; way: string }[]): string =>
  `jvms=0
for process in $(grep -lsaz '^-Dactivemq.base=' /proc/[0-9]*/cmdline); do
  case $(cut -d')' -f2 "\${process%/cmdline}/stat" | cut -c2) in T | Z) ;; *) jvms=$((jvms + 1)) ;; esac
done
echo "jvms $jvms"
echo "armed $(ls /var/lib/everbroker/faults/*/armed 2>/dev/null | grep -c . || true)"
${services.map(({ name, way }) => `timeout 1 bash -c ': <${way}' 2>/dev/null && echo 'reached ${name}'`).join('\n')}
:`;
