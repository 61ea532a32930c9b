import { spawn } from 'node:child_process';

export interface LocalCommandOptions {
  timeoutMs: number;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal | undefined;
  /** Called every few seconds while the command runs, so that a long one shows that it is alive. */
  onAlive?: (seconds: number) => void;
}

export interface LocalCommandResult {
  /** null: could not be started, was ended by a signal, or ran out of time. */
  exitCode: number | null;
  /** stdout and stderr as they came, the last 64 KiB. */
  output: string;
}

const ALIVE_EVERY_MS = 10_000;
const KEEP_CHARACTERS = 64 * 1024;

/** Runs a program of this machine (pip, go, temporal --version) to its end. Never throws for a failing program. */
export function runLocal(
  argv: readonly [string, ...string[]],
  options: LocalCommandOptions,
): Promise<LocalCommandResult> {
  return new Promise((resolve) => {
    let output = '';
    const keep = (text: string): void => {
      output = (output + text).slice(-KEEP_CHARACTERS);
    };
    const [program, ...rest] = argv;
    const child = spawn(program, rest, {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: options.timeoutMs,
      killSignal: 'SIGKILL',
      ...(options.env ? { env: options.env } : {}),
      ...(options.signal ? { signal: options.signal } : {}),
    });
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const began = Date.now();
    const alive = setInterval(() => options.onAlive?.(Math.round((Date.now() - began) / 1000)), ALIVE_EVERY_MS);
    const end = (exitCode: number | null): void => {
      clearInterval(alive);
      resolve({ exitCode, output });
    };
    child.on('error', (error) => {
      keep(error.message);
      end(null);
    });
    child.on('close', (code) => end(code));
  });
}
