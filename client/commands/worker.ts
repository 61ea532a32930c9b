import type { Command } from 'commander';
import { spawn } from 'node:child_process';
import { openTerminal } from '../terminal.js';
import { workerCommand } from '../session.js';

export function addWorker(program: Command): void {
  program
    .command('worker')
    .description(
      'run a worker in the foreground, for the Temporal server of TEMPORAL_ADDRESS or profile; SIGTERM drains it',
    )
    .option('--task-queue <name>', 'task queue to poll (EVERBROKER_TASK_QUEUE)')
    .option('--json', 'the log is JSON lines in any case')
    .action(async (options: { taskQueue?: string }) => {
      const [command = process.execPath, ...args] = workerCommand();
      const queue = options.taskQueue === undefined ? {} : { EVERBROKER_TASK_QUEUE: options.taskQueue };
      openTerminal(false).line('worker: SIGTERM or Ctrl-C drains it');
      // A process of its own: the SDK's runtime takes the signals, and they are passed on once.
      const child = spawn(command, args, { stdio: 'inherit', env: { ...process.env, ...queue } });
      const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
      process.on('SIGTERM', pass);
      process.on('SIGINT', pass);
      process.exitCode = await new Promise<number>((resolve) => child.on('exit', (code) => resolve(code ?? 1)));
    });
}
