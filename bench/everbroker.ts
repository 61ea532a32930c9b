/** Everbroker as a user runs it: the command line, with a server, a worker and a state directory of the benchmark's own. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { drillRecordSchema, type DrillRecord } from '../core/drills/record.js';
import { LABEL_CLUSTER } from '../core/naming.js';
import { docker, run, type Outcome } from './command.js';
import { parseSteps, phasesOf, provenAfter, type Phases } from './phases.js';
import type { TopologyInput } from '../core/topology/schema.js';
import { CLUSTERS } from './topology.js';

const COMMAND = fileURLToPath(new URL('../bin/everbroker.mjs', import.meta.url));

export interface Deployment {
  /** Of the whole command. */
  seconds: number;
  /** From the start of the command to the end of the proof. */
  provenSeconds: number;
  /** What the workflow says of itself. */
  workflowSeconds: number;
  phases: Phases;
}

export interface NoChange {
  seconds: number;
  workflowSeconds: number;
}

const deployed = z.object({ outcome: z.enum(['deployed', 'unchanged']), durationMs: z.number() });

export interface EverbrokerOptions {
  /** The project's cache of artefacts. */
  cache: string;
  tarball: string;
  topology: TopologyInput;
  /** More settings of the worker. */
  env?: Record<string, string>;
}

export class EverbrokerOnTest {
  private readonly home: string;
  private readonly env: Record<string, string>;
  private readonly file: string;
  private readonly classData: string;
  private readonly cluster: string;

  private constructor(home: string, { topology, env = {} }: EverbrokerOptions) {
    this.home = home;
    this.cluster = topology.name;
    this.env = env;
    this.file = join(home, 'topology.json');
    this.classData = join(home, 'cache', 'class-data');
  }

  /** Archives and programs come from the project's cache; the class-data archives are the benchmark's own, to be emptied. */
  static async open(options: EverbrokerOptions): Promise<EverbrokerOnTest> {
    const home = await mkdtemp(join(tmpdir(), 'everbroker-bench-'));
    const cache = join(home, 'cache');
    await mkdir(cache);
    for (const name of ['bin', 'prepared', options.tarball, `${options.tarball}.json`])
      await symlink(join(options.cache, name), join(cache, name));
    const everbroker = new EverbrokerOnTest(home, options);
    await writeFile(everbroker.file, JSON.stringify(options.topology));
    return everbroker;
  }

  /** Starts server and worker, which are up when a deployment is measured. */
  async start(signal: AbortSignal): Promise<void> {
    await this.command(['plan', this.file, '--json'], signal);
  }

  async emptyClassData(): Promise<void> {
    await rm(this.classData, { recursive: true, force: true });
  }

  async deploy(signal: AbortSignal): Promise<Deployment> {
    const outcome = await this.command(['deploy', this.file, '--json'], signal);
    const result = resultOf(outcome, 'deployed');
    const steps = parseSteps(outcome.stderr);
    return {
      seconds: outcome.seconds,
      provenSeconds: provenAfter(steps, outcome.startedAt),
      workflowSeconds: result.durationMs / 1000,
      phases: phasesOf(steps, outcome),
    };
  }

  async deployAgain(signal: AbortSignal): Promise<NoChange> {
    const outcome = await this.command(['deploy', this.file, '--json'], signal);
    return { seconds: outcome.seconds, workflowSeconds: resultOf(outcome, 'unchanged').durationMs / 1000 };
  }

  /** CPU seconds that the cluster's JVMs have taken since they started. */
  async jvmCpuSeconds(signal: AbortSignal): Promise<number> {
    // Fields 14 and 15 of stat, counted after the name in brackets; ticks are hundredths of a second on Linux.
    const script = `for stat in /proc/[0-9]*/stat; do sed -n 's/^[0-9]* (java) //p' "$stat" 2>/dev/null; done`;
    let ticks = 0;
    for (const container of await containersOf(this.cluster, signal)) {
      for (const line of (await docker(['exec', container, 'sh', '-c', script], signal)).split('\n')) {
        const fields = line.split(' ');
        ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
      }
    }
    return ticks / 100;
  }

  /** The record of a drill, also of one that failed. */
  async drill(scenario: string | object, signal: AbortSignal): Promise<DrillRecord> {
    let argument = scenario;
    if (typeof argument !== 'string') {
      const file = join(this.home, 'scenario.json');
      await writeFile(file, JSON.stringify(scenario));
      argument = file;
    }
    const outcome = await this.command(['drill', this.file, argument, '--json'], signal, DRILL_EXIT_CODES);
    return drillRecordSchema.parse(JSON.parse(outcome.stdout));
  }

  async destroy(signal?: AbortSignal): Promise<void> {
    await this.command(['destroy', this.file, '--delete-data', '--yes', '--json'], signal);
  }

  /** Removes all, whatever state an interruption left it in. */
  async close(): Promise<void> {
    await this.command(['down', '--json']).catch(report);
    await removeLeftOvers([this.cluster]).catch(report);
    await rm(this.home, { recursive: true, force: true });
  }

  private command(args: readonly string[], signal?: AbortSignal, exitCodes?: readonly number[]): Promise<Outcome> {
    const env = {
      ...this.env,
      EVERBROKER_HOME: this.home,
      EVERBROKER_CACHE: join(this.home, 'cache'),
      EVERBROKER_TEMPORAL: 'embedded',
      EVERBROKER_TEMPORAL_PORT: '0',
      EVERBROKER_TEMPORAL_UI_PORT: '0',
      EVERBROKER_TASK_QUEUE: 'everbroker',
    };
    return run({ argv: [process.execPath, COMMAND, ...args], env, stopWith: 'SIGINT', signal, exitCodes });
  }
}

/** Passed; failed; skipped or inconclusive: each leaves a record. */
const DRILL_EXIT_CODES = [0, 10, 11];

const report = (error: unknown): void => console.error(String(error));

function resultOf(outcome: Outcome, wanted: 'deployed' | 'unchanged'): z.output<typeof deployed> {
  const result = deployed.parse(JSON.parse(outcome.stdout));
  if (result.outcome !== wanted) throw new Error(`deploy says ${result.outcome} where ${wanted} was to come`);
  return result;
}

const ownedBy = (cluster: string): string[] => ['--filter', `label=${LABEL_CLUSTER}=${cluster}`];
const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const containersOf = async (cluster: string, signal?: AbortSignal): Promise<string[]> =>
  lines(await docker(['ps', '-q', ...ownedBy(cluster)], signal));

/** What a benchmark that was killed left behind, by the clusters' label. */
export async function removeLeftOvers(clusters: readonly string[] = CLUSTERS): Promise<void> {
  const remove = async (list: readonly string[], rm: readonly string[]): Promise<void> => {
    for (const cluster of clusters) {
      const found = lines(await docker([...list, ...ownedBy(cluster)]));
      if (found.length > 0) await docker([...rm, ...found]);
    }
  };
  await remove(['ps', '-aq'], ['rm', '-f', '-v']);
  await remove(['network', 'ls', '-q'], ['network', 'rm']);
  await remove(['volume', 'ls', '-q'], ['volume', 'rm']);
}
