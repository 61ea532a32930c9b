/** One command in a container, from its start to an exit code that can be trusted. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type Docker from 'dockerode';
import { EverbrokerError } from '../core/failure.js';
import { call, hasStatus, type DockerClient } from './docker-client.js';
import type { CommandResult, ExecOptions } from './host.js';
import { DockerShell, SHELL_COMMAND, fitsShell, keepShell, takeShell } from './docker-shell.js';
import { StdinFailed, inputLength, watchInput } from './input.js';
import { Demultiplexer, OutputTail, firstLine } from './output.js';
import { ANNOUNCE_PID, DEFAULT_OUTPUT_BYTES, KILL_GROUP, KILL_MS, settle } from './supervision.js';

export interface Target {
  client: DockerClient;
  container: string;
  /** The host's name in the topology, for messages. */
  name: string;
}

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
  await running.finish(cutShort);
  if (why === 'aborted') throw options.signal?.reason;
  if (why instanceof StdinFailed) throw why.cause;
  // A dying container's engine says so on stdout, with exit code 126, as if the command had.
  if ((await running.pid) === undefined) throw unreachable(target, new Error(`no start: ${running.before().trim()}`));
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
  stream: Duplex;
  stdout: OutputTail;
  stderr: OutputTail;
  /** Process group in the container, once announced; undefined when the command ended without. */
  pid: Promise<string | undefined>;
  ended: Promise<void>;
  /** It reads its input from the stream, to the stream's end. */
  hasStdin: boolean;
  /** It is in a shell that goes on after it. */
  isKept: boolean;
  /** What came where the command's output should be, of one that did not start. */
  before: () => string;
  /** How the stream broke, if it did. */
  broken: () => Error | undefined;
  /** Null when it still runs, or nobody can tell any more. */
  exitCode: () => Promise<number | null>;
  finish: (cutShort: boolean) => Promise<void> | void;
}

async function start(target: Target, argv: readonly string[], options: ExecOptions): Promise<Running> {
  const bytes = inputLength(options.stdin);
  try {
    return await (fitsShell(argv, bytes)
      ? startInShell(target, argv, bytes, options)
      : startAlone(target, argv, options));
  } catch (error) {
    if (options.signal?.aborted) throw error;
    throw unreachable(target, error);
  }
}

/** With an exec of its own. */
async function startAlone(target: Target, argv: readonly string[], options: ExecOptions): Promise<Running> {
  const hasStdin = options.stdin !== undefined;
  const command = ['sh', '-c', ANNOUNCE_PID, 'sh', ...argv];
  const { exec, stream } = await startExec(target, command, { hasStdin, signal: options.signal });
  const { pid, announce, stdout, stderr, sinks } = outputs(options);
  const frames = new Demultiplexer({ stdout: sinks.stdout, stderr: firstLine(announce, sinks.stderr) });
  let broken: Error | undefined;
  const ended = new Promise<void>((resolve) => {
    stream.on('data', (data: Buffer) => frames.push(data));
    stream.on('error', (error) => (broken = error));
    for (const end of ['end', 'error', 'close']) stream.once(end, () => resolve());
  });
  void ended.then(() => announce(undefined));
  return {
    ...{ stream, stdout, stderr, pid, ended, hasStdin, isKept: false },
    before: () => stdout.text(),
    broken: () => broken,
    exitCode: () => awaitExitCode(target, exec),
    finish: () => void stream.destroy(),
  };
}

/** In a shell that is there already, or in a new one that is left for the next command. */
async function startInShell(
  target: Target,
  argv: readonly string[],
  bytes: number | null,
  options: ExecOptions,
): Promise<Running> {
  const key = `${target.client.address} ${target.container}`;
  const taken = await takeShell(key);
  if (options.signal?.aborted) {
    // It has answered and waits for a command.
    taken?.shell.close();
    throw options.signal.reason;
  }
  const shell = taken?.shell ?? (await newShell(target, options));
  const { pid, announce, stdout, stderr, sinks } = outputs(options);
  let code: number | undefined;
  const ended = shell.run(argv, bytes, { ...sinks, announce }, taken?.word).then((result) => {
    code = result;
    announce(undefined);
  });
  return {
    ...{ stream: shell.stream, stdout, stderr, pid, ended, hasStdin: false, isKept: true },
    before: () => shell.before(),
    broken: () => (code === undefined ? shell.broken : undefined),
    exitCode: async () => code ?? null,
    async finish(cutShort) {
      if (!cutShort && code !== undefined) return keepShell(key, shell);
      // Of an input no more comes, which it may wait for. What the end of the group still says belongs to the result.
      shell.stream.end();
      await Promise.race([ended, delay(EXIT_CODE_MS, undefined, { ref: false })]);
      shell.close();
    },
  };
}

async function newShell(target: Target, { signal }: ExecOptions): Promise<DockerShell> {
  const { stream } = await startExec(target, SHELL_COMMAND, { hasStdin: true, signal });
  return new DockerShell(stream);
}

async function startExec(
  { client, container }: Target,
  command: readonly string[],
  { hasStdin, signal }: { hasStdin: boolean; signal: AbortSignal | undefined },
): Promise<{ exec: Docker.Exec; stream: Duplex }> {
  const request = { Cmd: [...command], User: '0:0', AttachStdin: hasStdin, AttachStdout: true, AttachStderr: true };
  const exec = await call(client, { what: `run a command in ${container}`, signal }, (abortSignal) =>
    client.docker.getContainer(container).exec({ ...request, abortSignal }),
  );
  // Not cancellable: a start that is cut off may still start, and could then not be killed.
  const stream = await call(client, { what: `start a command in ${container}` }, () =>
    exec.start({ hijack: true, stdin: hasStdin }),
  );
  return { exec, stream };
}

/** Where a command's output and its pid go. */
function outputs({ maxOutputBytes: limit = DEFAULT_OUTPUT_BYTES }: ExecOptions) {
  const stdout = new OutputTail(limit);
  const stderr = new OutputTail(limit);
  let announce: (pid: string | undefined) => void = () => undefined;
  const pid = new Promise<string | undefined>((resolve) => (announce = resolve));
  const sinks = { stdout: (chunk: Buffer) => stdout.push(chunk), stderr: (chunk: Buffer) => stderr.push(chunk) };
  return { stdout, stderr, pid, announce, sinks };
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
  const exitCode = await running.exitCode();
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
