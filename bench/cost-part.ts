/** What a drill costs the cluster that it runs on: the processor time of its load and its recorders, and throughput of others. */
import { setTimeout as delay } from 'node:timers/promises';
import { probeSetup } from '../activities/probe-files.js';
import type { ScenarioInput } from '../core/drills/scenario.js';
import { containerName } from '../core/naming.js';
import { topologySchema } from '../core/topology/schema.js';
import { groupNames, hostsOfGroup } from '../core/topology/topology.js';
import { openDockerHost } from '../hosts/docker-host.js';
import { JRE_IMAGE } from '../images/jre-image.js';
import { withCluster } from './cluster.js';
import type { PartOptions, PartResult } from './part.js';
import { drainPlain, sendPlain, type Sending } from './plain-sender.js';
import { cpuSecondsOf } from './process-cpu.js';
import { median } from './report.js';
import { dockerTopology } from './topology.js';

/** As the shipped scenarios have it. */
const PER_SECOND = 200;
const PRODUCERS = 2;
const MESSAGES = 10_000;
const WARM_UP_MS = 6_000;

const quietDrill: ScenarioInput = {
  version: 1,
  name: 'nothing-but-load',
  target: { role: 'none' },
  fault: { kind: 'none', holdSeconds: 60 },
  load: { flows: [{ perSecond: PER_SECOND }] },
  guards: { atMostMinutes: 10 },
};

interface Round {
  /** Messages a second that others get through, alone and beside a drill. */
  alone: number;
  beside: number;
  /** Cores' share, 1 is one whole core. */
  loadCores: number;
  recorderCores: number;
}

const isLoad = (argv: readonly string[]): boolean => argv.includes('everbroker.probe.Load');
/** The shell that the agent starts becomes its awk. */
const isRecorder = (argv: readonly string[]): boolean =>
  argv[0] === 'awk' && argv.some((word) => word.startsWith('roles=/') && word.includes('/drills/'));

export async function costPart(options: PartOptions): Promise<PartResult> {
  const { rounds, say, signal } = options;
  const input = await dockerTopology(JRE_IMAGE);
  const topology = topologySchema.parse(input);
  const group = groupNames(topology)[0] ?? '';
  const name = hostsOfGroup(topology, group)[0] ?? '';
  const host = openDockerHost({ container: containerName(topology, name), name });
  const { ca: _ca, ...setup } = probeSetup(topology, name);
  const sending: Sending = { topology, host, setup, group, producers: PRODUCERS, messages: MESSAGES, signal };
  const all = await withCluster(options, input, async (everbroker) => {
    const measured: Round[] = [];
    await plain(sending); // the brokers' code is compiled by it
    for (let round = 1; round <= rounds; round += 1) {
      const alone = await plain(sending);
      const drill = everbroker.drill(quietDrill, signal);
      const beside = await Promise.race([whileItFlows(sending), drill.then(endedEarly)]);
      const { verdict, reason } = await drill;
      if (verdict !== 'passed') throw new Error(`the drill beside is ${verdict}: ${reason}`);
      measured.push({ alone, ...beside });
      say(`round ${round}: ${alone.toFixed(0)}/s alone, ${beside.beside.toFixed(0)}/s beside a drill`);
    }
    return measured;
  });
  return { text: costText(all), data: { rounds: all } };
}

async function plain(sending: Sending): Promise<number> {
  const rate = await sendPlain(sending);
  await drainPlain(sending);
  return rate;
}

const endedEarly = ({ reason }: { reason: string }): never => {
  throw new Error(`the drill ended before it was measured: ${reason}`);
};

async function whileItFlows(sending: Sending): Promise<Omit<Round, 'alone'>> {
  while (cpuSecondsOf(isLoad) === 0) await delay(200, undefined, { signal: sending.signal });
  await delay(WARM_UP_MS, undefined, { signal: sending.signal });
  const begin = { at: Date.now(), load: cpuSecondsOf(isLoad), recorder: cpuSecondsOf(isRecorder) };
  if (begin.recorder === 0) throw new Error('no recorder of roles was seen');
  const beside = await plain(sending);
  const seconds = (Date.now() - begin.at) / 1000;
  return {
    beside,
    loadCores: (cpuSecondsOf(isLoad) - begin.load) / seconds,
    recorderCores: (cpuSecondsOf(isRecorder) - begin.recorder) / seconds,
  };
}

function costText(rounds: readonly Round[]): string {
  const of = (pick: (round: Round) => number): number => median(rounds.map(pick));
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  return [
    `others' throughput: ${of(({ alone }) => alone).toFixed(0)}/s alone, ${of(({ beside }) => beside).toFixed(0)}/s beside a drill, ` +
      `ratio ${of(({ alone, beside }) => beside / alone).toFixed(2)} (taken within each round)`,
    `of one core: the load (${PER_SECOND}/s, both ends) ${percent(of(({ loadCores }) => loadCores))}, ` +
      `the recorders of both hosts ${percent(of(({ recorderCores }) => recorderCores))}`,
  ].join('\n');
}
