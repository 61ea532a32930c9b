/** A host in memory that really behaves. What it does and does not do: fake-host.md. */
import type { Duplex } from 'node:stream';
import { Readable, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { finished } from 'node:stream/promises';
import { EverbrokerError } from '../../core/failure.js';
import type { CommandResult, ExecOptions, Host } from '../../hosts/host.js';
import { watchInput } from '../../hosts/input.js';
import { OutputTail } from '../../hosts/output.js';
import { builtins } from './fake-commands.js';
import { FakeFiles } from './fake-files.js';

/** A running command, as its script sees it. */
export interface FakeProcess {
  argv: readonly string[];
  files: FakeFiles;
  /** Reads the input to its end. */
  stdin(): Promise<Buffer>;
  stdout(data: string | Buffer): void;
  stderr(data: string | Buffer): void;
  /** Aborted when the command is killed. */
  killed: AbortSignal;
  /** Runs another argv as a child, with the same input and output. */
  run(argv: readonly string[]): Promise<number>;
}

/** Answers with the exit code. */
export type FakeCommand = (process: FakeProcess) => number | Promise<number>;
type Matches = (argv: readonly string[]) => boolean;

export class FakeHost implements Host {
  readonly name: string;
  readonly files = new FakeFiles();
  /** Every argv, in order. */
  readonly history: (readonly string[])[] = [];
  readonly #running = new Set<{ argv: readonly string[]; kill: AbortController; drop: AbortController }>();
  readonly #scripts: { matches: Matches; command: FakeCommand }[] = [];
  readonly #knobs: { kind: 'fail' | 'drop' | 'hang'; matches: Matches; exitCode: number; stderr: string }[] = [];
  readonly #ports = new Map<number, () => Duplex>();
  #gone = false;

  constructor(name = 'fake') {
    this.name = name;
  }

  /** Scripts a command: by its first words, or by a test of the argv. The last one given wins over earlier ones and built-ins. */
  on(words: readonly string[] | Matches, command: FakeCommand): this {
    this.#scripts.unshift({ matches: matcher(words), command });
    return this;
  }

  /** Something listens on a port from now on. */
  listen(port: number, connect: () => Duplex): this {
    this.#ports.set(port, connect);
    return this;
  }

  /** The next command that matches (default: any) ends with this exit code and does nothing. */
  failNextExec(failure: { exitCode: number; stderr?: string }, words: readonly string[] = []): void {
    const { exitCode, stderr = '' } = failure;
    this.#knobs.push({ kind: 'fail', matches: matcher(words), exitCode, stderr });
  }

  /** During the next command that matches the link breaks: it does its work, but its result is lost. */
  dropLinkDuring(words: readonly string[]): void {
    this.#knobs.push({ kind: 'drop', matches: matcher(words), exitCode: 0, stderr: '' });
  }

  /** The next command that matches runs until it is killed. */
  hang(words: readonly string[]): void {
    this.#knobs.push({ kind: 'hang', matches: matcher(words), exitCode: 0, stderr: '' });
  }

  /** The host is gone: running commands lose their link, later ones find nobody. `false` brings it back. */
  setUnreachable(gone = true): void {
    this.#gone = gone;
    if (gone) for (const { drop } of this.#running) drop.abort();
  }

  isRunning(word: string): boolean {
    return [...this.#running].some(({ argv }) => argv.some((part) => part.includes(word)));
  }

  async exec(argv: readonly string[], options: ExecOptions): Promise<CommandResult> {
    options.signal?.throwIfAborted();
    this.#insistOnLink();
    const startedAt = Date.now();
    this.history.push(argv);
    const limit = options.maxOutputBytes ?? 1024 * 1024;
    const out = { stdout: new OutputTail(limit), stderr: new OutputTail(limit) };
    const { exitCode, timedOut } = await this.#supervise(argv, options, out);
    const truncated = out.stdout.truncated || out.stderr.truncated;
    const durationMs = Date.now() - startedAt;
    const texts = { stdout: out.stdout.text(), stderr: out.stderr.text() };
    return { host: this.name, argv, exitCode, ...texts, durationMs, timedOut, truncated };
  }

  async open(port: number, options: { signal?: AbortSignal | undefined }): Promise<Duplex> {
    options.signal?.throwIfAborted();
    this.#insistOnLink();
    const connect = this.#ports.get(port);
    if (connect) return connect();
    const details = { host: this.name, port, code: 'ECONNREFUSED' };
    throw new EverbrokerError('HostUnreachable', `${this.name}: port ${port}: nobody listens`, details);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #supervise(
    argv: readonly string[],
    options: ExecOptions,
    out: { stdout: OutputTail; stderr: OutputTail },
  ): Promise<{ exitCode: number; timedOut: boolean }> {
    const entry = { argv, kill: new AbortController(), drop: new AbortController() };
    this.#running.add(entry);
    let timer: NodeJS.Timeout | undefined;
    let cancel: (() => void) | undefined;
    const cut = new Promise<'timed out' | 'aborted' | 'dropped'>((resolve) => {
      timer = setTimeout(() => resolve('timed out'), options.timeoutMs);
      cancel = () => resolve('aborted');
      options.signal?.addEventListener('abort', cancel, { once: true });
      entry.drop.signal.addEventListener('abort', () => resolve('dropped'), { once: true });
    });
    const broken = new Promise<never>((_, reject) => {
      if (options.stdin instanceof Readable) options.stdin.once('error', reject);
    });
    try {
      const work = this.#start(argv, { stdin: options.stdin, out, entry });
      const outcome = await Promise.race([work, cut, broken]);
      if (typeof outcome === 'number') return { exitCode: outcome, timedOut: false };
      entry.kill.abort();
      if (outcome === 'aborted') throw options.signal?.reason;
      if (outcome === 'dropped') throw this.#unreachable('the link broke in the middle of the command');
      return { exitCode: 143, timedOut: true };
    } finally {
      clearTimeout(timer);
      if (cancel) options.signal?.removeEventListener('abort', cancel);
      if (options.stdin instanceof Readable && !options.stdin.readableEnded) options.stdin.destroy();
      this.#running.delete(entry);
    }
  }

  async #start(argv: readonly string[], { stdin, out, entry }: Started): Promise<number> {
    const knob = this.#takeKnob(argv);
    if (knob?.kind === 'fail') {
      out.stderr.push(Buffer.from(knob.stderr));
      return knob.exitCode;
    }
    if (knob?.kind === 'hang') return new Promise(() => undefined);
    let input: Promise<Buffer> | undefined;
    const read = (): Promise<Buffer> => (input ??= contentOf(stdin));
    const run = async (child: readonly string[]): Promise<number> => {
      const command = [...this.#scripts, ...builtins].find(({ matches }) => matches(child))?.command ?? notFound;
      return command({
        argv: child,
        files: this.files,
        stdin: read,
        stdout: (data) => out.stdout.push(Buffer.from(data)),
        stderr: (data) => out.stderr.push(Buffer.from(data)),
        killed: entry.kill.signal,
        run,
      });
    };
    const exitCode = await run(argv);
    if (knob?.kind === 'drop') throw this.#unreachable('the link broke in the middle of the command');
    return exitCode;
  }

  #takeKnob(argv: readonly string[]) {
    const index = this.#knobs.findIndex(({ matches }) => matches(argv));
    return index < 0 ? undefined : this.#knobs.splice(index, 1)[0];
  }

  #insistOnLink(): void {
    if (this.#gone) throw this.#unreachable('no such host');
  }

  #unreachable(message: string): EverbrokerError {
    return new EverbrokerError('HostUnreachable', `${this.name}: ${message}`, { host: this.name });
  }
}

interface Started {
  stdin: ExecOptions['stdin'];
  out: { stdout: OutputTail; stderr: OutputTail };
  entry: { kill: AbortController };
}

const notFound: FakeCommand = ({ argv, stderr }) => {
  stderr(`sh: 1: exec: ${argv[0]}: not found\n`);
  return 127;
};

const matcher = (words: readonly string[] | Matches): Matches =>
  typeof words === 'function' ? words : (argv) => words.every((word, index) => argv[index] === word);

async function contentOf(stdin: ExecOptions['stdin']): Promise<Buffer> {
  if (stdin instanceof Readable) return buffer(stdin);
  const input = watchInput(stdin ?? '');
  const pieces: Buffer[] = [];
  const sink = new Writable({
    write(piece: Buffer, _encoding, done) {
      pieces.push(Buffer.from(piece));
      done();
    },
  });
  const broken = input.failed.then(({ cause }) => Promise.reject(cause as Error));
  input.feed(sink, true);
  await Promise.race([finished(sink), broken]);
  return Buffer.concat(pieces);
}
