/** One command in a container, from its start to an exit code that can be trusted. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EverbrokerError } from '../core/failure.js';
import { call, hasStatus, type DockerClient } from './docker-client.js';
import type { CommandResult, ExecOptions } from './host.js';
import { Demultiplexer, OutputTail } from './output.js';
import { DEFAULT_OUTPUT_BYTES, KILL_GROUP, KILL_MS, StdinFailed, settle, watchInput } from './supervision.js';

export interface Target {
  client: DockerClient;
  container: string;
  /** The host's name in the topology, for messages. */
  name: string;
}

/**
 * The command's first line on stderr is its pid, which is also its process group (runc gives each exec a session of its
 * own). Without it nothing could be killed: Docker has no call for it, and knows only the pid outside the container.
 */
const ANNOUNCE_PID = 'echo "$$" >&2; exec "$@"';

/** Docker 20.10 ends the stream before it notes the exit code; usually within 10 ms, rarely more under load. */
const EXIT_CODE_MS = 5_000;

/** @throws EverbrokerError HostUnreachable when container, engine or link are gone, also in the middle of the command. */
export async function execInContainer(
  target: Target,
  argv: readonly string[],
  options: ExecOptions,
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const startedAt = Date.now();
  const input = watchInput(options.stdin);
  const running = await start(target, argv, options).catch((error: unknown) => {
    input.release();
    throw error;
  });
  const why = await settle(running, options, input);
  const cutShort = why !== 'ended';
  if (cutShort) await kill(target, running).catch((error: unknown) => ignoreUnlessTimedOut(error, why));
  running.stream.destroy();
  if (why === 'aborted') throw options.signal?.reason;
  if (why instanceof StdinFailed) throw why.cause;
  // A dying container's engine says so on stdout, with exit code 126, as if the command had.
  if ((await running.pid) === undefined)
    throw unreachable(target, new Error(`no start: ${running.stdout.text().trim()}`));
  const exitCode = await exitCodeOf(target, running);
  await insistOnLivingHost(target, { running, exitCode, startedAt, cutShort });
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
}

interface Running {
  exec: Docker.Exec;
  stream: Duplex;
  stdout: OutputTail;
  stderr: OutputTail;
  /** Process group in the container, once announced; undefined when the command ended without. */
  pid: Promise<string | undefined>;
  ended: Promise<void>;
  hasStdin: boolean;
  /** How the stream broke, if it did. */
  broken: () => Error | undefined;
}

async function start(target: Target, argv: readonly string[], options: ExecOptions): Promise<Running> {
  const { client, container } = target;
  const hasStdin = options.stdin !== undefined;
  const request = {
    Cmd: ['sh', '-c', ANNOUNCE_PID, 'sh', ...argv],
    User: '0:0',
    AttachStdin: hasStdin,
    AttachStdout: true,
    AttachStderr: true,
  };
  try {
    const exec = await call(client, { what: `run a command in ${container}`, signal: options.signal }, (abortSignal) =>
      client.docker.getContainer(container).exec({ ...request, abortSignal }),
    );
    // Not cancellable: a start that is cut off may still start, and could then not be killed.
    const stream = await call(client, { what: `start a command in ${container}` }, () =>
      exec.start({ hijack: true, stdin: hasStdin }),
    );
    return { exec, stream, hasStdin, ...follow(stream, options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES) };
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable(target, error);
  }
}

function follow(stream: Duplex, limit: number): Omit<Running, 'exec' | 'stream' | 'hasStdin'> {
  const stdout = new OutputTail(limit);
  const stderr = new OutputTail(limit);
  let announce: (pid: string | undefined) => void = () => undefined;
  const pid = new Promise<string | undefined>((resolve) => (announce = resolve));
  const withoutPid = firstLine(announce, (rest) => stderr.push(rest));
  const frames = new Demultiplexer({ stdout: (chunk) => stdout.push(chunk), stderr: withoutPid });
  let broken: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    stream.on('data', (data: Buffer) => frames.push(data));
    stream.on('error', (error) => (broken = error));
    for (const end of ['end', 'error', 'close']) stream.once(end, () => resolve());
  });
  void ended.then(() => announce(undefined));
  return { stdout, stderr, pid, ended, broken: () => broken };
}

/** Hands the first line to one reader and all that follows to another. */
function firstLine(line: (text: string) => void, rest: (chunk: Buffer) => void): (chunk: Buffer) => void {
  let head: Buffer | undefined = Buffer.alloc(0);
  return (chunk) => {
    if (!head) return rest(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(10);
    if (end < 0) return;
    line(head.subarray(0, end).toString());
    if (head.length > end + 1) rest(head.subarray(end + 1));
    head = undefined;
  };
}

async function kill(target: Target, running: Running): Promise<void> {
  const pid = await Promise.race([running.pid, delay(KILL_MS, undefined, { ref: false })]);
  if (pid === undefined) return;
  await execQuietly(target, ['sh', '-c', KILL_GROUP, 'sh', pid]);
}

/** A short command of our own, without its output. */
async function execQuietly({ client, container }: Target, argv: string[]): Promise<Docker.Exec> {
  return call(client, { what: `run ${argv[0]} in ${container}`, timeoutMs: KILL_MS }, async (abortSignal) => {
    const request = { Cmd: argv, User: '0:0', AttachStdout: true, AttachStderr: true, abortSignal };
    const exec = await client.docker.getContainer(container).exec(request);
    const stream = await exec.start({ hijack: true, stdin: false });
    await new Promise<void>((resolve) => stream.resume().once('close', resolve).once('error', resolve));
    return exec;
  });
}

/** After a time-out the caller has to know that the command may still run; after a cancellation the reason wins. */
function ignoreUnlessTimedOut(error: unknown, why: unknown): void {
  if (why === 'timed out' && !hasStatus(error, 404) && !hasStatus(error, 409)) throw error;
}

async function exitCodeOf(target: Target, running: Running): Promise<number> {
  const exitCode = await awaitExitCode(target, running.exec);
  if (exitCode !== null) return exitCode;
  await kill(target, running).catch(() => undefined);
  throw unreachable(target, running.broken() ?? new Error('the stream ended while the command was still running'));
}

/** Null when it still runs after a while. */
async function awaitExitCode(target: Target, exec: Docker.Exec): Promise<number | null> {
  const deadline = Date.now() + EXIT_CODE_MS;
  try {
    for (let waitMs = 2; Date.now() < deadline; waitMs = Math.min(waitMs * 2, 100)) {
      const state = await call(target.client, { what: `inspect a command in ${target.container}` }, (abortSignal) =>
        exec.inspect({ abortSignal }),
      );
      if (!state.Running && typeof state.ExitCode === 'number') return state.ExitCode;
      await delay(waitMs);
    }
    return null;
  } catch (error) {
    throw unreachable(target, error);
  }
}

interface Ending {
  running: Running;
  exitCode: number;
  startedAt: number;
  cutShort: boolean;
}

/**
 * A container that dies takes its commands along: they end with a signal's exit code, which is the host's fault and not
 * theirs. A broken stream may also have lost output.
 */
async function insistOnLivingHost(target: Target, { running, exitCode, startedAt, cutShort }: Ending): Promise<void> {
  const broken = running.broken();
  // A command may end without reading all of its input; then only our writing broke.
  const endedEarly = running.hasStdin && !running.stream.writableFinished;
  if (broken && !cutShort && !endedEarly) throw unreachable(target, broken);
  if (exitCode === 0) return;
  const { client, container } = target;
  try {
    // The engine learns of a command's death before it learns of the container's: only another command tells.
    if (exitCode > 128 && !cutShort) await insistOnLife(target);
    const { State } = await call(client, { what: `inspect ${container}` }, (abortSignal) =>
      client.docker.getContainer(container).inspect({ abortSignal }),
    );
    const restarted = Date.parse(State.StartedAt) >= startedAt;
    if (!State.Running || restarted) throw new Error('the container stopped in the middle of the command');
  } catch (error) {
    throw unreachable(target, error);
  }
}

async function insistOnLife(target: Target): Promise<void> {
  const exitCode = await awaitExitCode(target, await execQuietly(target, ['sh', '-c', ':']));
  if (exitCode !== 0) throw new Error('the container died in the middle of the command');
}

/** Whatever was in the way, the caller of a host sees one error. */
export function unreachable(target: Target, cause: unknown): EverbrokerError {
  if (cause instanceof EverbrokerError && cause.type === 'HostUnreachable') return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  const details = { host: target.name, container: target.container };
  return new EverbrokerError('HostUnreachable', `${target.name} (${target.container}): ${text}`, details, { cause });
}
