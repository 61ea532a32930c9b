/** `npm run bench`: Everbroker against the recipe as a shell script, and as an Ansible playbook. */
import { cpus, totalmem } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { removeLeftOvers } from './everbroker.js';
import { costPart } from './cost-part.js';
import { loadPart } from './load-part.js';
import type { Part, PartResult } from './part.js';
import { killPart, scenariosPart } from './drills-part.js';
import { recipePart } from './recipe-part.js';
import { sshPart } from './ssh-part.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const TARBALL = 'apache-activemq-5.18.3-bin.tar.gz';
const PARTS: Record<string, Part> = {
  recipe: recipePart,
  ssh: sshPart,
  load: loadPart,
  kills: killPart,
  scenarios: scenariosPart,
  cost: costPart,
};
/** Without `--only`: all but the numbers of drills, which take an hour. */
const COMPARISONS = ['recipe', 'ssh', 'load'];
const USAGE = `npm run bench -- [--only ${Object.keys(PARTS).join('|')}] [--rounds <number, default 3>] [--json]`;

function machine(): { cores: number; memoryGb: number; cpu: string } {
  const all = cpus();
  return { cores: all.length, memoryGb: Math.round(totalmem() / 1e9), cpu: all[0]?.model.trim() ?? 'unknown' };
}

function readArguments(): { names: string[]; rounds: number; json: boolean } {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, rounds: { type: 'string', default: '3' }, json: { type: 'boolean' } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new TypeError(`--rounds ${values.rounds}: must be a positive number`);
  const names = values.only === undefined ? COMPARISONS : [values.only];
  if (names.some((name) => PARTS[name] === undefined)) throw new TypeError(`--only ${values.only}: no such part`);
  return { names, rounds, json: values.json ?? false };
}

/** Aborts at the first Ctrl-C; what runs then stops, and everything is removed. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(name, () => controller.abort(new Error(`interrupted by ${name}; everything is being removed`)));
  return controller.signal;
}

async function main(): Promise<void> {
  const { names, rounds, json } = readArguments();
  const say = (line: string): void => console.error(line);
  const signal = interruption();
  const { cores, memoryGb, cpu } = machine();
  const size = `machine: ${cores} cores, ${memoryGb} GB, ${cpu}`;
  say(size);
  const cache = resolve(process.env['EVERBROKER_CACHE'] ?? join(ROOT, '.everbroker', 'cache'));
  const probe = join(ROOT, 'dist', 'probe', 'everbroker-probe.jar');
  await removeLeftOvers();
  const results: Record<string, PartResult> = {};
  for (const name of names) {
    const part = PARTS[name];
    if (part !== undefined) results[name] = await part({ rounds, cache, tarball: TARBALL, probe, cores, signal, say });
  }
  const found = Object.entries(results);
  const data = Object.fromEntries(found.map(([name, result]) => [name, result.data]));
  const texts = found.map(([, { text }]) => text);
  console.log(
    json ? JSON.stringify({ machine: { cores, memoryGb, cpu }, ...data }, null, 2) : [size, ...texts].join('\n'),
  );
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  if (error instanceof TypeError) console.error(USAGE);
  process.exitCode = 1;
}
