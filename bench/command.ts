/** Programs that the benchmark runs: each in a process group of its own, so that Ctrl-C reaches them through us alone. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface Command {
  argv: readonly [string, ...string[]];
  env?: Record<string, string>;
  /** What makes the program stop cleanly when the benchmark is interrupted. */
  stopWith?: 'SIGINT' | 'SIGTERM';
  signal?: AbortSignal | undefined;
  stdin?: NodeJS.ReadableStream;
  /** Codes that are answers and no failures; default only 0. */
  exitCodes?: readonly number[] | undefined;
}

export interface Outcome {
  stdout: string;
  stderr: string;
  /** Seconds from the start of the program to its end. */
  seconds: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/** Stopping cleanly ends with the running step; past this the program is stuck. */
const STOP_MS = 60_000;

/** Runs a program to its end; throws with the end of its output when it fails. */
export async function run(command: Command): Promise<Outcome> {
  command.signal?.throwIfAborted();
  const [program, ...args] = command.argv;
  const startedAt = Date.now();
  const from = performance.now();
  const child = spawn(program, args, {
    env: { ...process.env, ...command.env },
    stdio: [command.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  const collect = (stream: NodeJS.ReadableStream | null, name: keyof typeof output): void => {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => (output[name] += `${line}\n`));
  };
  collect(child.stdout, 'stdout');
  collect(child.stderr, 'stderr');
  if (child.stdin !== null) {
    // A program that ends early says why itself.
    child.stdin.on('error', () => undefined);
    command.stdin?.pipe(child.stdin);
  }
  let killing: NodeJS.Timeout | undefined;
  const stop = (): void => {
    sendToGroup(child.pid, command.stopWith ?? 'SIGTERM');
    killing = setTimeout(() => sendToGroup(child.pid, 'SIGKILL'), STOP_MS);
  };
  command.signal?.addEventListener('abort', stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const seconds = (performance.now() - from) / 1000;
    command.signal?.throwIfAborted();
    if (!(command.exitCodes ?? [0]).includes(code ?? -1))
      throw new Error(`${command.argv.join(' ')} ended with ${code}\n${endOf(output)}`);
    return { ...output, seconds, startedAt };
  } finally {
    clearTimeout(killing);
    command.signal?.removeEventListener('abort', stop);
  }
}

function sendToGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended by itself
  }
}

const endOf = ({ stdout, stderr }: { stdout: string; stderr: string }): string =>
  `${stdout}${stderr}`.trim().split('\n').slice(-15).join('\n');

/** The output of a docker command, without the last line break. */
export async function docker(args: readonly string[], signal?: AbortSignal): Promise<string> {
  return (await run({ argv: ['docker', ...args], signal })).stdout.trim();
}
