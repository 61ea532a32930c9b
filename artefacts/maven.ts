/** Maven's client: it knows the mirrors, proxies and logins of the machine. */
import { spawn } from 'node:child_process';
import { access, constants, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { EverbrokerError } from '../core/failure.js';
import type { ArtefactCache, FetchOptions } from './cache.js';

/** A fixed version: without one, Maven asks the network for the newest each time, and fails offline. */
const COPY_GOAL = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy';
const SIGN_OF_LIFE_MS = 1_000;

/** Path of Maven's client: `$MAVEN_HOME/bin/mvn`, or `mvn` on the PATH. */
export async function findMaven(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const home = env['MAVEN_HOME'];
  const directories = [...(home ? [join(home, 'bin')] : []), ...(env['PATH'] ?? '').split(delimiter)];
  for (const directory of directories.filter((name) => name !== '')) {
    const candidate = join(directory, 'mvn');
    const usable = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (usable) return candidate;
  }
  return undefined;
}

export interface MavenCopy {
  cache: ArtefactCache;
  mvn: string;
  coordinates: string;
  /** An empty directory of its own, made anew. */
  directory: string;
  /** Whether Maven must insist on the repository's checksum, because there is no other to compare with. */
  strict: boolean;
}

/**
 * Copies an artefact out of Maven's repository and returns its path below `directory`.
 * @throws EverbrokerError ArtefactUnavailable with the end of Maven's output
 */
export async function copyByMaven(copy: MavenCopy, options: FetchOptions): Promise<string> {
  await rm(copy.directory, { recursive: true, force: true });
  await mkdir(copy.directory, { recursive: true });
  // By default Maven only warns of a wrong checksum; strictly, it also refuses mirrors that have none.
  const checksums = copy.strict ? '--strict-checksums' : '--lax-checksums';
  const flags = ['--batch-mode', '--quiet', checksums, '-Dstyle.color=never'];
  const args = [...flags, COPY_GOAL, `-Dartifact=${copy.coordinates}`, `-DoutputDirectory=${copy.directory}`];
  const alive = setInterval(() => {
    options.progress?.({ artefact: copy.coordinates, phase: 'downloading', source: 'maven', bytes: 0 });
  }, SIGN_OF_LIFE_MS);
  try {
    await runMaven(copy, args, options.signal);
  } finally {
    clearInterval(alive);
  }
  const [name, ...more] = await readdir(copy.directory);
  if (name === undefined || more.length > 0) throw failed(copy, 'it did not copy exactly one file');
  return join(copy.directory, name);
}

function runMaven(copy: MavenCopy, args: string[], signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    // A group of its own: `mvn` is a shell script, and killing only that would leave its JVM running.
    const child = spawn(copy.mvn, args, {
      cwd: copy.directory,
      env: copy.cache.env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const keep = (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4000));
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    const abort = () => child.pid !== undefined && process.kill(-child.pid, 'SIGTERM');
    signal?.addEventListener('abort', abort, { once: true });
    child.on('error', (error) => reject(failed(copy, error.message)));
    child.on('close', (code) => {
      signal?.removeEventListener('abort', abort);
      if (signal?.aborted) return reject(signal.reason);
      if (code === 0) return resolve();
      reject(failed(copy, `exit code ${code}\n${lastErrors(output)}`));
    });
    if (signal?.aborted) abort();
  });
}

const lastErrors = (output: string): string => output.trim().split('\n').slice(-6).join('\n');

const failed = (copy: MavenCopy, why: string): EverbrokerError =>
  new EverbrokerError('ArtefactUnavailable', `Maven's client did not deliver ${copy.coordinates}: ${why}`, {
    coordinates: copy.coordinates,
  });
