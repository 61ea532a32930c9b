import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { StatusOutput } from '../../core/contract.js';
import { EverbrokerError, FAILURES } from '../../core/failure.js';
import { statusText } from '../render.js';
import { openSession, type Session } from '../session.js';
import { openTerminal, type Terminal } from '../terminal.js';
import { clusterInput } from '../topology-argument.js';

const WATCH_MS = 2000;

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('roles and health of every node as they are now; exit code 8 when unhealthy')
    .argument('[cluster]', 'name of a deployed cluster, or a topology file', 'ha-6')
    .option('--watch', `look again every ${WATCH_MS / 1000} s until interrupted`)
    .option('--json', 'one JSON document on stdout; with --watch one a line')
    .action(async (cluster: string, options: { json?: boolean; watch?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const input = await clusterInput(cluster);
      const session = await openSession((line) => terminal.line(line));
      if (options.watch) return watch(session, { input, terminal });
      const output = await look(session, input);
      terminal.result(statusText(output), output);
      if (!output.healthy) process.exitCode = FAILURES.VerificationFailed.exitCode;
    });
}

type Input = Awaited<ReturnType<typeof clusterInput>>;

/** Until Ctrl-C. A look that fails is shown and does not end it: hosts come back. */
async function watch(session: Session, { input, terminal }: { input: Input; terminal: Terminal }): Promise<void> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const clears = !terminal.json && process.stdout.isTTY;
  while (!interrupt.signal.aborted) {
    const output = await Promise.race([look(session, input).catch(failureOf), aborted(interrupt.signal)]);
    if (output === null) return;
    if (clears) process.stdout.write('\u001b[2J\u001b[H');
    const text = 'error' in output ? output.error.message : statusText(output);
    terminal.result(`${new Date().toLocaleTimeString()}\n${text}${clears ? '' : '\n'}`, output);
    await delay(WATCH_MS, undefined, { signal: interrupt.signal }).catch(() => undefined);
  }
}

/** @throws what waiting cannot better: a wrong input, an unknown cluster. */
function failureOf(error: unknown): { error: { type: string; message: string } } {
  if (!(error instanceof EverbrokerError) || FAILURES[error.type].fault === 'user') throw error;
  return { error: { type: error.type, message: error.message } };
}

const aborted = (signal: AbortSignal): Promise<null> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve(null), { once: true }));

const look = async (session: Session, input: Input): Promise<StatusOutput> =>
  (await session.everbroker.status(input)).result();
