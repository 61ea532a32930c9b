/** One host, whatever it is made of. No dockerode or ssh2 type crosses this interface. */
import type { Duplex, Readable } from 'node:stream';

export interface ExecOptions {
  /** How long the command may run, ms; then it is killed on the host and the result says `timedOut`. */
  timeoutMs: number;
  /** Cancels: the command and its process group are killed on the host, and exec throws the signal's reason. */
  signal?: AbortSignal;
  /** Standard input; secrets go this way, never through argv. */
  stdin?: string | Buffer | Readable;
  /** Bytes kept of stdout and of stderr each; more is dropped from the front (the end is what tells). Default 1 MiB. */
  maxOutputBytes?: number;
}

export interface CommandResult {
  host: string;
  argv: readonly string[];
  exitCode: number;
  stdout: string;
  stderr: string;
  durationMs: number;
  timedOut: boolean;
  /** Output was longer than maxOutputBytes. */
  truncated: boolean;
}

export interface HostFile {
  path: string;
  content: string | Buffer;
  /** Octal, e.g. 0o600. */
  mode: number;
  /** Numeric owner; default root. */
  uid?: number;
  gid?: number;
}

export interface Host {
  readonly name: string;
  /**
   * Runs an argv (no shell). Resolves on a non-zero exit code; a dropped link is an error.
   * @throws EverbrokerError HostUnreachable when the host or the link is gone (also in the middle of the command).
   */
  exec(argv: readonly string[], options: ExecOptions): Promise<CommandResult>;
  /** Writes files, each to a temporary name in its directory and then renamed; directories are made (0755). */
  putFiles(files: readonly HostFile[], options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
  /** Unpacks a tar (plain or gzip) into a directory that is made. The caller owns "complete or not" (marker + rename). */
  putTar(tar: Readable, directory: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<void>;
  /** @throws EverbrokerError CommandFailed when there is no such file. */
  readFile(path: string, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Buffer>;
  /** A byte stream to a TCP port of the host, as something outside the host reaches it. */
  open(port: number, options: { timeoutMs: number; signal?: AbortSignal }): Promise<Duplex>;
  close(): Promise<void>;
}
