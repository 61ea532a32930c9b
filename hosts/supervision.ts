/** What a running command needs whatever runs it: its input, its end in time, and an end by force. */
import { Readable, type Writable } from 'node:stream';
import type { ExecOptions } from './host.js';

/** Kept of stdout and of stderr each, unless the caller says otherwise. */
export const DEFAULT_OUTPUT_BYTES = 1024 * 1024;

/**
 * The command's first line on stderr is its pid, which is also its process group (runc gives each exec a session of its
 * own, a standing shell does it by setsid). Without it nothing could be killed: Docker has no call for it, and knows only
 * the pid outside the container.
 */
export const ANNOUNCE_PID = 'echo "$$" >&2; exec "$@"';

/** TERM, two seconds for tidying up, KILL. No `--`: dash takes it for a process. */
export const KILL_GROUP = `kill -TERM "-$1" 2>/dev/null || exit 0
i=0
while [ "$i" -lt 20 ]; do kill -0 "-$1" 2>/dev/null || exit 0; sleep 0.1; i=$((i+1)); done
kill -KILL "-$1" 2>/dev/null || exit 0`;

/** Longer than KILL_GROUP takes, on a loaded machine. */
export const KILL_MS = 20_000;

/** How the source of an input broke. */
export class StdinFailed {
  readonly cause: unknown;
  constructor(cause: unknown) {
    this.cause = cause;
  }
}

export interface Input {
  /** Resolves when the source breaks: that must not look like its end, or half a file would be taken for the whole. */
  failed: Promise<StdinFailed>;
  release: () => void;
}

/** Listens from the first moment: a source may break before the command has started. */
export function watchInput(stdin: ExecOptions['stdin']): Input {
  if (!(stdin instanceof Readable)) return { failed: new Promise(() => undefined), release: () => undefined };
  const failed = new Promise<StdinFailed>((resolve) => {
    const closed = () => {
      if (!stdin.readableEnded)
        resolve(new StdinFailed(stdin.errored ?? new Error('the input was closed before its end')));
    };
    stdin.on('error', (error) => resolve(new StdinFailed(error)));
    stdin.once('close', closed);
    if (stdin.destroyed) closed();
  });
  const release = () => {
    if (!stdin.readableEnded) stdin.destroy();
  };
  return { failed, release };
}

export interface Supervised {
  /** Leads to the command's input. */
  stream: Writable;
  ended: Promise<void>;
}

export type Outcome = 'ended' | 'timed out' | 'aborted' | StdinFailed;

/** Feeds the command and waits until it ends or has to be ended. */
export async function settle(running: Supervised, options: ExecOptions, input: Input): Promise<Outcome> {
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  try {
    return await new Promise((resolve) => {
      void running.ended.then(() => resolve('ended'));
      void input.failed.then(resolve);
      timer = setTimeout(() => resolve('timed out'), options.timeoutMs);
      abort = () => resolve('aborted');
      options.signal?.addEventListener('abort', abort, { once: true });
      if (options.signal?.aborted) abort();
      feed(running.stream, options.stdin);
    });
  } finally {
    clearTimeout(timer);
    if (abort) options.signal?.removeEventListener('abort', abort);
    if (options.stdin instanceof Readable) options.stdin.unpipe(running.stream);
    input.release();
  }
}

function feed(stream: Writable, stdin: ExecOptions['stdin']): void {
  if (stdin instanceof Readable) stdin.pipe(stream);
  else if (stdin !== undefined) stream.end(stdin);
}
