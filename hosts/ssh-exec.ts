/** One command on a host behind SSH, from its start to an exit code that can be trusted. */
import { randomUUID } from 'node:crypto';
import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { ClientChannel } from 'ssh2';
import type { CommandResult, ExecOptions } from './host.js';
import { StdinFailed, watchInput } from './input.js';
import { OutputTail, afterWord } from './output.js';
import { commandLine, sameGroup } from './ssh-command.js';
import type { SshConnection } from './ssh-connection.js';
import { ChannelRefused, LinkLost, loginRefused, unreachable } from './ssh-errors.js';
import { connectionOf, type Orphan, type SshEntry } from './ssh-pool.js';
import { DEFAULT_OUTPUT_BYTES, KILL_GROUP, KILL_MS, settle } from './supervision.js';

export interface SshTarget {
  entry: SshEntry;
  /** The host's name in the topology, for messages. */
  name: string;
}

/** A command's children may hold its outputs open; after its end they are waited for as long as something comes. */
const SILENT_AFTER_EXIT_MS = 2_000;
/** How often a command is begun anew that a broken link kept from starting. */
const STARTS = 3;
/** From the channel to the shell or sudo; where sudo has to ask a name server it may take some seconds. */
const START_MS = 30_000;

/** @throws EverbrokerError HostUnreachable when host or link are gone, also in the middle; HostKeyRefused; LoginRefused. */
export async function execOverSsh(
  target: SshTarget,
  argv: readonly string[],
  options: ExecOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const startedAt = Date.now();
  const input = watchInput(options.stdin ?? '');
  const running = await start(target, argv, options).catch((error: unknown) => {
    input.release();
    if (options.signal?.aborted) throw options.signal.reason;
    throw unreachable(target.name, error);
  });
  try {
    const why = await settle(running, options, input);
    if (why !== 'ended') await kill(target, running, why);
    if (why === 'aborted') throw options.signal?.reason;
    if (why instanceof StdinFailed) throw why.cause;
    const exitCode = exitCodeOf(target, running);
    if (why === 'ended' && (exitCode !== 0 || !running.isClosed())) await insistOnLivingHost(target, running);
    return {
      host: target.name,
      argv,
      exitCode,
      stdout: running.stdout.text(),
      stderr: running.stderr.text(),
      durationMs: Date.now() - startedAt,
      timedOut: why === 'timed out',
      truncated: running.stdout.truncated || running.stderr.truncated,
    };
  } finally {
    running.finish();
  }
}

interface Running {
  connection: SshConnection;
  stream: ClientChannel;
  stdout: OutputTail;
  stderr: OutputTail;
  group: Orphan;
  ended: Promise<void>;
  /** The server said that all of it is over; else it only fell silent after its exit. */
  isClosed: () => boolean;
  /** As ssh2 tells it: null for a signal; undefined as long as the server has not said. */
  exit: () => { code: number | null; signal: string | undefined } | undefined;
  finish: () => void;
}

interface Followed extends Pick<Running, 'stdout' | 'stderr' | 'ended' | 'isClosed' | 'exit'> {
  /** What came before the command: login scripts, sudo, the shell. */
  before: () => string;
  /** Undefined when it ended without. */
  group: Promise<Orphan | undefined>;
}

async function start(target: SshTarget, argv: readonly string[], options: ExecOptions): Promise<Running> {
  const { signal, maxOutputBytes } = options;
  for (let attempt = 1; ; attempt++) {
    const connection = await prepared(target, signal);
    try {
      return await begin(target, connection, argv, { signal, maxOutputBytes });
    } catch (error) {
      // It has certainly not begun; a connection of the pool may have died unnoticed.
      if (!(error instanceof LinkLost) || attempt === STARTS) throw error;
    }
  }
}

/** A connection on which nothing runs that was lost before. */
export const prepared = (target: SshTarget, signal?: AbortSignal): Promise<SshConnection> =>
  connectionOf(target.entry, { signal, prepare: (fresh) => endOrphans(target, fresh) });

interface Beginning {
  signal?: AbortSignal | undefined;
  maxOutputBytes?: number | undefined;
  urgent?: boolean;
}

/** Resolves when the command begins; whatever is thrown, it has not. */
async function begin(
  target: SshTarget,
  connection: SshConnection,
  argv: readonly string[],
  { signal, urgent = false, maxOutputBytes = DEFAULT_OUTPUT_BYTES }: Beginning,
): Promise<Running> {
  const { user, password } = target.entry.route.login;
  const word = `everbroker-${randomUUID()}`;
  const command = commandLine(argv, { user, password, word });
  const { channel, release } = await connection.start(command.line, { signal, urgent });
  const finish = (): void => {
    // What still comes has no reader, but a channel closes only when it was read.
    channel.resume().close();
    release();
  };
  const followed = follow(channel, word, maxOutputBytes);
  try {
    if (command.password !== '') channel.write(command.password);
    const group = await announced(followed.group, signal);
    if (!group) throw connection.broken ?? notBegun(target, followed);
    channel.write(command.go);
    return { connection, stream: channel, ...followed, group, finish };
  } catch (error) {
    finish();
    throw error;
  }
}

/** Undefined where the command ended without. */
async function announced(
  group: Promise<Orphan | undefined>,
  signal: AbortSignal | undefined,
): Promise<Orphan | undefined> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const cut = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { signal: over.signal });
    const timer = setTimeout(() => reject(new Error(`no command starts within ${START_MS} ms`)), START_MS);
    over.signal.addEventListener('abort', () => clearTimeout(timer));
  });
  try {
    return await Promise.race([group, cut]);
  } finally {
    over.abort();
  }
}

function follow(channel: ClientChannel, word: string, limit: number): Followed {
  const stdout = new OutputTail(limit);
  const stderr = new OutputTail(limit);
  let announce: (group: Orphan | undefined) => void = () => undefined;
  const group = new Promise<Orphan | undefined>((resolve) => (announce = resolve));
  const fromStdout = afterWord(word, { line: () => undefined, rest: (chunk) => stdout.push(chunk) });
  const fromStderr = afterWord(word, {
    line: (text) => announce(parseGroup(text)),
    rest: (chunk) => stderr.push(chunk),
  });
  let exit: ReturnType<Running['exit']>;
  let lastHeard = Date.now();
  const hear = (take: (chunk: Buffer) => void) => (chunk: Buffer) => {
    lastHeard = Date.now();
    take(chunk);
  };
  channel.on('data', hear(fromStdout.push));
  channel.stderr.on('data', hear(fromStderr.push));
  // A write to a channel that has just closed; what is to be said about that, the end says.
  channel.on('error', () => undefined);
  let open = 3;
  const ended = new Promise<void>((resolve) => {
    const one = () => void (--open === 0 && resolve());
    channel.once('end', one);
    channel.stderr.once('end', one);
    channel.once('close', one);
    channel.once('exit', (code: number | null, signal?: string) => {
      exit = { code, signal };
      const timer = setInterval(() => {
        if (Date.now() - lastHeard > SILENT_AFTER_EXIT_MS) resolve();
      }, SILENT_AFTER_EXIT_MS / 4);
      void ended.then(() => clearInterval(timer));
    });
  });
  void ended.then(() => announce(undefined));
  return {
    stdout,
    stderr,
    group,
    ended,
    isClosed: () => open === 0,
    exit: () => exit,
    before: () => fromStdout.before() + fromStderr.before(),
  };
}

function parseGroup(text: string): Orphan | undefined {
  const [group, since] = text.trim().split(' ');
  return group && since ? { group, since } : undefined;
}

/** Nothing is thrown after a cancellation or a broken input: their reasons win. After a time-out the caller has to know. */
async function kill(target: SshTarget, running: Running, why: 'timed out' | 'aborted' | StdinFailed): Promise<void> {
  try {
    await killGroup(target, running.connection, running.group);
    // What the end of the group still says belongs to the result.
    await Promise.race([running.ended, delay(SILENT_AFTER_EXIT_MS, undefined, { ref: false })]);
  } catch (error) {
    target.entry.orphans.push(running.group);
    if (why === 'timed out') throw unreachable(target.name, error);
  }
}

/** On the same connection or, where the server allows no further session there, on one of its own. */
async function killGroup(target: SshTarget, connection: SshConnection, { group, since }: Orphan): Promise<void> {
  const argv = ['sh', '-c', sameGroup(KILL_GROUP), 'sh', group, since];
  try {
    await quietly(target, connection, argv);
  } catch (error) {
    if (!(error instanceof ChannelRefused)) throw error;
    const other = await connection.another();
    try {
      await quietly(target, other, argv);
    } finally {
      other.close();
    }
  }
}

/** A short command of our own. */
async function quietly(target: SshTarget, connection: SshConnection, argv: readonly string[]): Promise<void> {
  const running = await begin(target, connection, argv, { urgent: true });
  try {
    running.stream.end();
    const late = delay(KILL_MS, 'late' as const, { ref: false });
    if ((await Promise.race([running.ended, late])) === 'late') throw new LinkLost(`no answer within ${KILL_MS} ms`);
    if (running.exit()?.code !== 0) throw connection.broken ?? new LinkLost('a command of our own did not succeed');
  } finally {
    running.finish();
  }
}

/** Before anything else runs on a new connection: a step that is repeated must not meet its first attempt. */
async function endOrphans(target: SshTarget, connection: SshConnection): Promise<void> {
  const { orphans } = target.entry;
  while (orphans[0]) {
    await killGroup(target, connection, orphans[0]);
    orphans.shift();
  }
}

function exitCodeOf(target: SshTarget, running: Running): number {
  const exit = running.exit();
  const { broken } = running.connection;
  // With a broken link also a code is not enough: the end of the output may be missing.
  if (!exit || broken) {
    target.entry.orphans.push(running.group);
    throw unreachable(target.name, broken ?? new LinkLost('the server closed the command without its exit code'));
  }
  if (exit.code !== null) return exit.code;
  const signals: Record<string, number> = constants.signals;
  return 128 + (signals[exit.signal ?? ''] ?? 0);
}

/** The login shell ended without our word: it belongs to another program, or sudo wanted what it did not get. */
function notBegun({ entry }: SshTarget, { exit, before }: Followed): Error {
  const code = exit()?.code ?? null;
  const said = before().trim().split('\n').slice(-3).join('\n').slice(-500);
  const { login } = entry.route;
  if (code === null || code > 128) return new LinkLost(`no command starts (exit code ${code})\n${said}`);
  if (login.user === 'root')
    return loginRefused(login, `the login shell runs no commands (exit code ${code})\n${said}`);
  const how = login.password === undefined ? 'without a password (NOPASSWD)' : 'with the password';
  return loginRefused(login, `sudo gives no root ${how} (exit code ${code})\n${said}`);
}

/**
 * A host that goes down takes its commands along: they end with a signal or say that a part of them did. Only another
 * command on the same connection tells whose fault it was. Its answer also comes after all output that was on the way.
 */
async function insistOnLivingHost(target: SshTarget, { connection }: Running): Promise<void> {
  try {
    await quietly(target, connection, ['true']);
  } catch (error) {
    if (!(error instanceof ChannelRefused)) throw unreachable(target.name, error);
  }
}
