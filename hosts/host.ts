/** One host, whatever it is made of. No dockerode or ssh2 type crosses this interface. */
import type { Duplex } from 'node:stream';
import type { CommandInput } from './input.js';

export interface ExecOptions {
  /** How long the command may run, ms; then it is killed on the host and the result says `timedOut`. */
  timeoutMs: number;
  /** Cancels: the command and its process group are killed on the host, and exec throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Standard input; secrets and files go this way, never through argv. */
  stdin?: CommandInput | undefined;
  /** Bytes kept of stdout and of stderr each; more is dropped from the front (the end is what tells). Default 1 MiB. */
  maxOutputBytes?: number | undefined;
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

export interface Host {
  readonly name: string;
  /**
   * Runs an argv (no shell) as root. Resolves on a non-zero exit code; a dropped link is an error.
   * @throws EverbrokerError HostUnreachable when the host or the link is gone (also in the middle of the command).
   */
  exec(argv: readonly string[], options: ExecOptions): Promise<CommandResult>;
  /** A byte stream to a TCP port of the host, as something outside the host reaches it. */
  open(port: number, options: { timeoutMs: number; signal?: AbortSignal | undefined }): Promise<Duplex>;
  close(): Promise<void>;
}
