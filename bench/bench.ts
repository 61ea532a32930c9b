/** `npm run bench`: the recipe as a shell script and Everbroker, alternating, from no containers to a proven cluster. */
import { cpus, loadavg, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { JRE_IMAGE } from '../images/jre-image.js';
import { EverbrokerOnTest, removeLeftOvers } from './everbroker.js';
import { measureFloor } from './floor.js';
import { runRecipe, type Recipe } from './recipe.js';
import { goalsOf, roundLine, summarize, summaryText, type Round } from './report.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARBALL = 'apache-activemq-5.18.3-bin.tar.gz';
const USAGE = 'npm run bench -- [--rounds <number, default 3>] [--json]';

interface Bench {
  everbroker: EverbrokerOnTest;
  recipe: Recipe;
  cache: string;
  signal: AbortSignal;
  say: (line: string) => void;
}

async function measureRound({ everbroker, recipe, cache, signal, say }: Bench): Promise<Round> {
  const loadBefore = loadavg()[0] ?? 0;
  say('the recipe as a script');
  const script = await runRecipe(recipe, signal);
  say('Everbroker, class-data archive not yet made');
  await everbroker.emptyClassData();
  const cold = await everbroker.deploy(signal);
  await everbroker.destroy(signal);
  say('Everbroker, class-data archive in the cache');
  const warm = await everbroker.deploy(signal);
  const jvmCpuSeconds = await everbroker.jvmCpuSeconds(signal);
  say('Everbroker, nothing to change');
  const noChange = await everbroker.deployAgain(signal);
  await everbroker.destroy(signal);
  const floor = await measureFloor({ image: recipe.image, cache }, signal);
  return { recipe: script, cold, warm, noChange, floor, jvmCpuSeconds, loadBefore };
}

async function measureAll(bench: Bench, count: number): Promise<Round[]> {
  const rounds: Round[] = [];
  await bench.everbroker.start(bench.signal);
  for (let index = 0; index < count; index += 1) {
    const round = await measureRound(bench);
    rounds.push(round);
    bench.say(roundLine(round, index));
  }
  return rounds;
}

function machine(): { cores: number; memoryGb: number; cpu: string } {
  const all = cpus();
  return { cores: all.length, memoryGb: Math.round(totalmem() / 1e9), cpu: all[0]?.model.trim() ?? 'unknown' };
}

function readArguments(): { rounds: number; json: boolean } {
  const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' }, json: { type: 'boolean' } } });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`--rounds ${values.rounds}: must be a positive number`);
  return { rounds, json: values.json ?? false };
}

/** Aborts at the first Ctrl-C; what runs then stops, and everything is removed. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => controller.abort(new Error(`interrupted by ${name}; everything is being removed`)));
  return controller.signal;
}

async function main(): Promise<void> {
  const { rounds: count, json } = readArguments();
  const say = (line: string): void => console.error(line);
  const signal = interruption();
  const { cores, memoryGb, cpu } = machine();
  say(`machine: ${cores} cores, ${memoryGb} GB, ${cpu}`);
  const cache = resolve(process.env['EVERBROKER_CACHE'] ?? join(ROOT, '.everbroker', 'cache'));
  await removeLeftOvers();
  const everbroker = await EverbrokerOnTest.open({ cache, tarball: TARBALL, image: JRE_IMAGE });
  try {
    const recipe = {
      image: JRE_IMAGE,
      tarball: join(cache, TARBALL),
      probe: join(ROOT, 'dist', 'probe', 'everbroker-probe.jar'),
    };
    const rounds = await measureAll({ everbroker, recipe, cache, signal, say }, count);
    const summary = summarize(rounds, cores);
    const goals = goalsOf(summary);
    const output = json
      ? JSON.stringify({ machine: { cores, memoryGb, cpu }, summary, goals, rounds }, null, 2)
      : `machine: ${cores} cores, ${memoryGb} GB, ${cpu}\n${summaryText(summary, goals)}`;
    console.log(output);
  } finally {
    await everbroker.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof TypeError && 'code' in error) console.error(USAGE);
  process.exitCode = 1;
}
