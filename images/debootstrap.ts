/** A Debian image made here, for machines that reach Debian's packages and no registry. */
import { spawn } from 'node:child_process';
import { access, constants, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { EverbrokerError } from '../core/failure.js';
import { call, type DockerClient } from '../hosts/docker-client.js';
import { CODENAME, sourcesList } from './debian-sources.js';
import type { MachineApt } from './machine-apt.js';

/** Twenty seconds near a mirror; the rest is for slow lines. */
const TIMEOUT_MS = 30 * 60_000;

export interface DebootstrapOptions {
  engine: DockerClient;
  image: string;
  apt: MachineApt;
  /** Shell script run inside at the end. */
  finish: string;
  labels: Record<string, string>;
  signal?: AbortSignal | undefined;
}

/** @throws EverbrokerError ArtefactUnavailable when debootstrap cannot run here or does not come to its end */
export async function debootstrap(options: DebootstrapOptions): Promise<void> {
  const { apt, signal } = options;
  const program = await findDebootstrap();
  const directory = await mkdtemp(join(tmpdir(), 'everbroker-debian-'));
  const root = join(directory, 'root');
  try {
    const https = [apt.mirrors.main, apt.mirrors.security].some((mirror) => mirror.startsWith('https:'));
    const include = https ? ['--include=ca-certificates'] : [];
    await succeed([program, '--variant=minbase', ...include, CODENAME, root, apt.mirrors.main], signal);
    await writeFile(join(root, 'etc/apt/sources.list'), sourcesList(apt.mirrors));
    if (apt.conf !== '') await writeFile(join(root, 'etc/apt/apt.conf.d/90everbroker'), apt.conf);
    await succeed(['chroot', root, '/bin/sh', '-c', options.finish], signal);
    await importTree(options, root);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function findDebootstrap(): Promise<string> {
  if (process.getuid?.() !== 0) throw unavailable('debootstrap needs root');
  for (const directory of [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin']) {
    const path = join(directory, 'debootstrap');
    const usable = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (directory !== '' && usable) return path;
  }
  throw unavailable('debootstrap is not installed (apt-get install debootstrap)');
}

const unavailable = (message: string, details: Record<string, unknown> = {}): EverbrokerError =>
  new EverbrokerError('ArtefactUnavailable', message, details);

async function importTree({ engine, image, labels, signal }: DebootstrapOptions, root: string): Promise<void> {
  // Devices are Docker's business.
  const tar = spawn('tar', ['-C', root, '--numeric-owner', '--one-file-system', '--exclude=./dev/*', '-c', '.'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => tar.on('close', resolve));
  const [repo, tag] = image.split(':');
  const changes = ['CMD ["/bin/sh"]', ...Object.entries(labels).map(([name, value]) => `LABEL ${name}=${value}`)];
  try {
    const answer = await call(engine, { what: `import ${image}`, signal, timeoutMs: TIMEOUT_MS }, () =>
      engine.docker.importImage(tar.stdout, { repo, tag, changes }),
    );
    await new Promise<void>((resolve, reject) => {
      engine.docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
    });
    const code = await ended;
    if (code !== 0) throw unavailable(`tar of the new system ended with exit code ${code}`);
  } finally {
    tar.kill();
  }
}

/** Runs a program in a process group of its own, so that cancelling ends what it started too. */
function succeed(argv: readonly [string, ...string[]], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const [program, ...args] = argv;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'], timeout: TIMEOUT_MS });
    let output = '';
    const keep = (chunk: string): void => void (output = (output + chunk).slice(-4000));
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const abort = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGTERM'));
    signal?.addEventListener('abort', abort, { once: true });
    child.on('error', (error) => reject(unavailable(`${program}: ${error.message}`)));
    child.on('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) return reject(signal.reason);
      if (code === 0) return resolve();
      const end = output.trim().split('\n').slice(-8).join('\n');
      reject(unavailable(`${argv.slice(0, 2).join(' ')} ended with exit code ${code}\n${end}`, { output: end }));
    });
  });
}
