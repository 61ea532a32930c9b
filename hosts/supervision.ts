/** What a running command needs whatever runs it: an end in time, and an end by force. */
import type { Writable } from 'node:stream';
import type { ExecOptions } from './host.js';
import type { Input, StdinFailed } from './input.js';

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

export interface Supervised {
  /** Leads to the command's input. */
  stream: Writable;
  /** What reads the stream knows how long the input is, and waits for more after it. */
  isKept?: boolean;
  ended: Promise<void>;
}

export type Outcome = 'ended' | 'timed out' | 'aborted' | StdinFailed;

/** Feeds the command and waits until it ends or has to be ended. */
export async function settle(
  running: Supervised,
  options: Pick<ExecOptions, 'timeoutMs' | 'signal'>,
  input: Input,
): Promise<Outcome> {
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
      input.feed(running.stream, !running.isKept);
    });
  } finally {
    clearTimeout(timer);
    if (abort) options.signal?.removeEventListener('abort', abort);
    input.release();
  }
}
