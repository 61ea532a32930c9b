/** How many messages a second the load of drills can drive, against the broker's limit, and what it costs the processor. */
import { loadavg } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { clearLoad, collectLedger, readLoad, startLoad } from '../activities/load/index.js';
import { joinLedger } from '../core/drills/join-ledger.js';
import type { DeliveredRecord, Percentiles, SentRecord } from '../core/drills/ledger.js';
import { placeLoad, type PlacedFlow } from '../core/drills/place-load.js';
import { scenarioSchema } from '../core/drills/scenario.js';
import { probeSetup } from '../activities/probe-files.js';
import { freePort } from '../test/support/free-port.js';
import { removeWork, startLocalBroker, unpackActivemq } from '../test/support/local-broker.js';
import { localLoad, type LocalLoad } from '../test/support/local-load.js';
import type { PartOptions, PartResult } from './part.js';
import { MESSAGE_BYTES, sendPlain } from './plain-sender.js';
import { cpuSecondsOf } from './process-cpu.js';

const WARM_UP_MS = 4_000;
const MEASURE_MS = 8_000;
/** Of each connection of the plain sender. */
const PLAIN_MESSAGES = 12_000;
/** What the load must be able to drive, and more than any broker here takes. */
const GOAL = 1_000;
const AS_FAST_AS_POSSIBLE = 20_000;

interface Row {
  what: string;
  producers: number;
  perSecond: number;
  /** Of the load's own process. */
  cpuSecondsPer10k: number | null;
  sendMs: Percentiles | null;
  deliveryMs: Percentiles | null;
  loadBefore: number;
}

/** The broker's limit. */
async function measurePlain({ topology, deps }: LocalLoad, producers: number, signal: AbortSignal): Promise<Row> {
  const loadBefore = loadavg()[0] ?? 0;
  const { ca: _ca, ...setup } = probeSetup(topology, 'here');
  const host = await deps.openHost(topology, 'here');
  const sending = { topology, host, setup, group: 'brokers', producers, messages: PLAIN_MESSAGES, signal };
  const perSecond = await sendPlain(sending);
  const nothing = { cpuSecondsPer10k: null, sendMs: null, deliveryMs: null };
  return { what: 'plain sender', producers, perSecond, ...nothing, loadBefore };
}

interface LoadCase {
  what: string;
  producers: number;
  perSecond: number;
  consumers: boolean;
}

async function measureLoad(load: LocalLoad, { what, producers, ...rest }: LoadCase, signal: AbortSignal): Promise<Row> {
  const { topology, deps } = load;
  const loadBefore = loadavg()[0] ?? 0;
  const drill = `bench-${producers}-${rest.perSecond}-${String(rest.consumers)}`;
  const flows = placed(load, { drill, producers, ...rest });
  const input = { topology, host: 'here', token: 'bench', drill, flows, atMostSeconds: 120 };
  await startLoad(deps, input, signal);
  const read = async () => (await readLoad(deps, input, signal)).flows[0]?.acknowledged ?? 0;
  await delay(WARM_UP_MS, undefined, { signal });
  const begin = { at: Date.now(), acknowledged: await read(), cpu: cpuSecondsOf(isLoadOf(drill)) };
  await delay(MEASURE_MS, undefined, { signal });
  const [cpu, acknowledged, at] = [
    cpuSecondsOf(isLoadOf(drill)) - begin.cpu,
    (await read()) - begin.acknowledged,
    Date.now(),
  ];
  const here = { ...input, flows: flows.map((flow) => ({ ...flow, consumersOn: 'here' })) };
  const ledger = await collectLedger(deps, here, signal);
  await clearLoad(deps, here, signal);
  const { sendMs = null, deliveryMs = null } = ledger.flows[0] ?? {};
  const perSecond = (acknowledged * 1000) / (at - begin.at);
  return {
    what,
    producers,
    perSecond,
    cpuSecondsPer10k: (cpu / acknowledged) * 10_000,
    sendMs,
    deliveryMs,
    loadBefore,
  };
}

function placed(
  { topology }: LocalLoad,
  { drill, producers, perSecond, consumers }: Omit<LoadCase, 'what'> & { drill: string },
): PlacedFlow[] {
  // prettier-ignore
  const scenario = scenarioSchema.parse({
    version: 1,
    name: 'bench',
    target: { role: 'none' },
    fault: { kind: 'none', holdSeconds: 1 },
    load: { flows: [{ perSecond, sizeBytes: MESSAGE_BYTES, producers }] },
  });
  const flows = placeLoad(topology, { flows: scenario.load.flows, drill, avoid: [], targetGroup: null });
  if (!Array.isArray(flows)) throw new Error(flows.problem);
  return flows.map((flow) => (consumers ? flow : { ...flow, consumersOn: 'nowhere' }));
}

const isLoadOf =
  (drill: string) =>
  (argv: readonly string[]): boolean =>
    argv.includes('everbroker.probe.Load') && argv.some((word) => word.includes(`/${drill}/`));

/** A million messages, acknowledged and delivered, as the ledger gets them. */
function measureJoin(messages = 1_000_000): number {
  const flow = 'f';
  const times = (seq: number) => ({ sentAt: seq, endedAt: seq + 1 });
  function* sent(): Generator<SentRecord> {
    for (let seq = 0; seq < messages; seq++) yield { flow, producer: 1, seq, ...times(seq), outcome: 'acknowledged' };
  }
  function* delivered(): Generator<DeliveredRecord> {
    for (let seq = 0; seq < messages; seq++)
      yield { flow, producer: 1, seq, consumer: 1, at: seq + 2, redelivered: false };
  }
  const begin = process.cpuUsage();
  joinLedger({ sent: sent(), delivered: delivered(), stuck: [], foreign: {} }, [{ flow, from: 'a', to: 'b' }]);
  const { user, system } = process.cpuUsage(begin);
  return (user + system) / 1e6;
}

const ms = (percentiles: Percentiles | null): string =>
  percentiles === null ? '' : [percentiles.p50, percentiles.p90, percentiles.p99, percentiles.max].join(' / ');

const lineOf = (row: Row): string =>
  `${row.what.padEnd(30)} ${row.producers} producers ${row.perSecond.toFixed(0).padStart(6)}/s` +
  (row.cpuSecondsPer10k === null ? '' : `  ${row.cpuSecondsPer10k.toFixed(2)} CPU-s/10k`) +
  (row.sendMs === null ? '' : `  send ${ms(row.sendMs)} ms`) +
  (row.deliveryMs === null ? '' : `  delivery ${ms(row.deliveryMs)} ms`) +
  `  (load ${row.loadBefore.toFixed(1)})`;

export async function loadPart({ signal, say }: PartOptions): Promise<PartResult> {
  const { work, home } = unpackActivemq();
  const openwire = await freePort();
  const passwords = { consolePassword: 'bench-console', probePassword: 'bench-probe' };
  try {
    const load = localLoad(work, home, openwire);
    const broker = await startLocalBroker({ work, home, name: 'mq1', openwire, ...passwords });
    try {
      const rows: Row[] = [];
      const tell = (row: Row): void => {
        rows.push(row);
        say(lineOf(row));
      };
      const fast = { perSecond: AS_FAST_AS_POSSIBLE };
      for (const producers of [1, 2, 4]) {
        tell(await measurePlain(load, producers, signal));
        tell(await measureLoad(load, { what: 'load, producers only', producers, ...fast, consumers: false }, signal));
        tell(await measureLoad(load, { what: 'load with a consumer', producers, ...fast, consumers: true }, signal));
      }
      // By two: one that waits for each answer has nothing left after a pause of the disk.
      const held = { what: `load at ${GOAL}/s`, producers: 2, perSecond: GOAL / 2, consumers: true };
      tell(await measureLoad(load, held, signal));
      const joinSeconds = measureJoin();
      const join = `ledger of a million messages: ${joinSeconds.toFixed(1)} CPU-s`;
      return { text: [...rows.map(lineOf), join].join('\n'), data: { rows, joinSeconds } };
    } finally {
      await broker.kill('SIGKILL');
    }
  } finally {
    removeWork(work);
  }
}
