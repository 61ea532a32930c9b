import { spawn } from 'node:child_process';
import { open, readFile, rename } from 'node:fs/promises';
import { identify, type ProcessIdentity } from './process-identity.js';

export interface DetachedOptions {
  cwd: string;
  /** Gets stdout and stderr, 0600. The log of the run before is kept as `<logFile>.1`. */
  logFile: string;
  env: NodeJS.ProcessEnv;
}

/** Starts a process that outlives this one, in a session of its own so that Ctrl-C in the terminal does not reach it. */
export async function spawnDetached(argv: readonly string[], options: DetachedOptions): Promise<ProcessIdentity> {
  await rename(options.logFile, `${options.logFile}.1`).catch(() => undefined);
  const log = await open(options.logFile, 'a', 0o600);
  try {
    const [program = '', ...rest] = argv;
    const child = spawn(program, rest, {
      cwd: options.cwd,
      env: options.env,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise((resolve, reject) => child.once('spawn', resolve).once('error', reject));
    child.unref();
    const pid = child.pid ?? 0;
    // One that has ended already has no identity any more; nothing will ever match this one.
    return (await identify(pid)) ?? { pid, started: 'ended at once' };
  } finally {
    await log.close();
  }
}

/** The last lines of a log file, for messages. */
export async function endOfFile(path: string, lines: number): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-lines).join('\n') || '(it is empty)';
}
