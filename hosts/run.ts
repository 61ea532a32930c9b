import { EverbrokerError } from '../core/failure.js';
import type { CommandResult, ExecOptions, Host } from './host.js';

/**
 * Runs a command and insists on exit code 0.
 * @throws EverbrokerError CommandFailed | CommandTimedOut with host, argv, exit code and the output's end.
 */
export async function run(host: Host, argv: readonly string[], options: ExecOptions): Promise<CommandResult> {
  const result = await host.exec(argv, options);
  if (result.timedOut || result.exitCode !== 0) throw commandFailed(result);
  return result;
}

/** The error for a command whose result is not what was wanted; `what` says so in the user's words. */
export function commandFailed(result: CommandResult, what = result.argv.slice(0, 3).join(' ')): EverbrokerError {
  const end = lastLines(result.stderr.trim() || result.stdout.trim(), 12);
  const outcome = result.timedOut
    ? `did not end within ${result.durationMs} ms`
    : `ended with exit code ${result.exitCode}`;
  return new EverbrokerError(
    result.timedOut ? 'CommandTimedOut' : 'CommandFailed',
    `${result.host}: ${what}: ${outcome}${end ? `\n${end}` : ''}`,
    { host: result.host, argv: result.argv, exitCode: result.exitCode, output: end },
  );
}

const lastLines = (text: string, count: number): string => text.split('\n').slice(-count).join('\n');
