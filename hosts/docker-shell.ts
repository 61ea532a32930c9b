/**
 * Shells that stand ready in containers. A command of its own (`docker exec`) costs the engine, containerd and runc 80 ms of
 * processor time, whatever it does; the same command from a shell that is there costs 6 (measured with Docker 20.10; a
 * deployment of six nodes runs 27). A shell runs one command at a time; it is kept for the next one for a while, by
 * container, for all Host objects of the process, and ends by itself when this process does: its input is over then.
 */
import { randomUUID } from 'node:crypto';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Demultiplexer, afterWord, beforeWord, firstLine } from './output.js';
import { quote } from './quote.js';
import { ANNOUNCE_PID } from './supervision.js';

/** Longer ones get an exec of their own: a shell reads its lines byte by byte. */
const MOST_ARGUMENT_BYTES = 32 * 1024;

/** How long a shell is kept for the next command, ms: the steps of an operation follow one another faster. */
const IDLE_MS = 10_000;

/**
 * A shell that does not answer within this is given up, ms: of a container that was paused meanwhile, for one. The question
 * comes before the command, so what was given up has not begun, and never will.
 */
const ANSWER_MS = 1_000;

/**
 * Reads a word, which it answers; how many bytes of input follow, or `-`; and the command, quoted, with $n for line breaks.
 * Then the input's bytes. The command gets a process group of its own, whose number is its first line on stderr, as
 * everywhere. The word and the exit code end its stdout, the word its stderr. What the command does not read of its
 * input is read away, or it would be taken for the next command. Both dd and head read no byte more than they are to;
 * dd takes long inputs in larger pieces, which halves what that costs, but not every dd can count bytes.
 */
const SERVE = `n='
'
counted='bs=65536 iflag=fullblock,count_bytes'
if dd $counted count=0 </dev/null >/dev/null 2>&1; then take() { dd $counted count="$1" 2>/dev/null; }
else take() { head -c "$1"; }
fi
while IFS= read -r word; do
  echo "$word"
  IFS= read -r bytes && IFS= read -r line || exit
  eval "set -- $line"
  if [ "$bytes" = - ]; then setsid sh -c '${ANNOUNCE_PID}' sh "$@" </dev/null
  else take "$bytes" | { setsid sh -c '${ANNOUNCE_PID}' sh "$@"; code=$?; cat >/dev/null; exit "$code"; }
  fi
  code=$?
  printf '\\n%s %s\\n' "$word" "$code"
  printf '\\n%s\\n' "$word" >&2
done`;

/** What the engine has to run for it. */
export const SHELL_COMMAND: readonly string[] = ['sh', '-c', SERVE];

/** Whether a shell can run it; it has to be told how long the input is, which of a stream nobody knows. */
export function fitsShell(argv: readonly string[], bytes: number | null | undefined): bytes is number | null {
  if (bytes === undefined) return false;
  return argv.reduce((sum, word) => sum + word.length, 0) <= MOST_ARGUMENT_BYTES && !argv.some((w) => w.includes('\0'));
}

interface Sinks {
  stdout: (chunk: Buffer) => void;
  stderr: (chunk: Buffer) => void;
}

/** What a command's output and its process group are handed to. */
export interface Reader extends Sinks {
  announce: (pid: string) => void;
}

export class DockerShell {
  readonly stream: Duplex;
  /** Everything that came before the first answer: the engine's own words, where there is no shell. */
  before: () => string = () => '';
  broken: Error | undefined;
  isOpen = true;
  #sinks: Sinks = { stdout: () => undefined, stderr: () => undefined };
  /** Who waits now; one place, not a list: a shell lives as long as commands come, and would hold on to all of them. */
  #onClose: () => void = () => undefined;

  constructor(stream: Duplex) {
    this.stream = stream;
    const frames = new Demultiplexer({
      stdout: (chunk) => this.#sinks.stdout(chunk),
      stderr: (chunk) => this.#sinks.stderr(chunk),
    });
    stream.on('data', (data: Buffer) => frames.push(data));
    stream.on('error', (error) => (this.broken = error));
    const closed = (): void => {
      this.isOpen = false;
      this.#onClose();
    };
    for (const end of ['end', 'error', 'close']) stream.once(end, closed);
  }

  /** Whether it would run a command now. Only for one that has run another before: a new one may still be starting. */
  async answers(word: string): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ANSWER_MS);
      const { push } = afterWord(word, { line: () => resolve(true), rest: () => undefined });
      this.#sinks = { stdout: push, stderr: () => undefined };
      this.#onClose = () => resolve(false);
      this.stream.write(`${word}\n`);
    });
    return answered.finally(() => clearTimeout(timer));
  }

  /**
   * Runs a command. Both streams end with the promise: with its exit code, or undefined when the shell is gone.
   * @param bytes What of the stream, from now on, is the command's input; null for none.
   * @param word The one that was answered; undefined when none was asked for.
   */
  run(argv: readonly string[], bytes: number | null, reader: Reader, word?: string): Promise<number | undefined> {
    const mark = word ?? newWord();
    const ends = { stdout: '', stderr: '' };
    return new Promise((resolve) => {
      let left = 2;
      const end = (stream: 'stdout' | 'stderr') => (text: string) => {
        ends[stream] = text;
        if (--left === 0) resolve(Number(ends.stdout));
      };
      const stdout = beforeWord(`\n${mark}`, { rest: reader.stdout, line: end('stdout') });
      const answer = afterWord(mark, { line: () => undefined, rest: stdout });
      if (word === undefined) this.before = answer.before;
      this.#sinks = {
        stdout: word === undefined ? answer.push : stdout,
        // The number is wanted while the command runs, so nothing of it may be held back.
        stderr: firstLine(reader.announce, beforeWord(`\n${mark}`, { rest: reader.stderr, line: end('stderr') })),
      };
      this.#onClose = () => resolve(undefined);
      if (!this.isOpen) this.#onClose();
      // On one line: the shell reads lines.
      const line = quote(argv).replaceAll('\n', `'"$n"'`);
      this.stream.write(`${word === undefined ? `${mark}\n` : ''}${bytes ?? '-'}\n${line}\n`);
    });
  }

  /** Lets the process end while the shell is idle. */
  hold(isHeld: boolean): void {
    if (this.stream instanceof Socket) void (isHeld ? this.stream.ref() : this.stream.unref());
  }

  close(): void {
    this.isOpen = false;
    this.stream.destroy();
  }
}

export const newWord = (): string => `everbroker-${randomUUID()}`;

interface Idle {
  shell: DockerShell;
  timer: NodeJS.Timeout;
}

const idle = new Map<string, Idle[]>();

/** One that is open and answers, and the word that it answered. Where one does not answer, others are not asked either. */
export async function takeShell(key: string): Promise<{ shell: DockerShell; word: string } | undefined> {
  const next = idle.get(key)?.pop();
  if (!next) return undefined;
  clearTimeout(next.timer);
  const { shell } = next;
  shell.hold(true);
  const word = newWord();
  if (shell.isOpen && (await shell.answers(word))) return { shell, word };
  shell.close();
  for (const other of idle.get(key) ?? []) {
    clearTimeout(other.timer);
    other.shell.close();
  }
  idle.delete(key);
  return undefined;
}

/** Keeps it for the next command. */
export function keepShell(key: string, shell: DockerShell): void {
  if (!shell.isOpen) return;
  shell.hold(false);
  const list = idle.get(key) ?? [];
  idle.set(key, list);
  const drop = () => {
    list.splice(0, list.length, ...list.filter((one) => one.shell !== shell));
    if (list.length === 0 && idle.get(key) === list) idle.delete(key);
    shell.close();
  };
  const timer = setTimeout(drop, IDLE_MS).unref();
  list.push({ shell, timer });
}
