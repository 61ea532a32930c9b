/** argv → command → exit code. What each command does is in commands/. */
import { Command, CommanderError } from 'commander';
import { EverbrokerError, FAILURES } from '../core/failure.js';
import { addCredentials } from './commands/credentials.js';
import { addDeploy } from './commands/deploy.js';
import { addDestroy } from './commands/destroy.js';
import { addDown } from './commands/down.js';
import { addDrill } from './commands/drill.js';
import { addSchedule } from './commands/schedule.js';
import { addHistory } from './commands/history.js';
import { addPlan } from './commands/plan.js';
import { addReport } from './commands/report.js';
import { addSchema } from './commands/schema.js';
import { addStatus } from './commands/status.js';
import { addValidate } from './commands/validate.js';
import { addVerify } from './commands/verify.js';
import { addWorker } from './commands/worker.js';
import { reportError } from './terminal.js';

const EXIT_CODES = `
Exit codes:
  0  done                                   5  a host, engine or Temporal cannot be reached
  1  unexpected error                       6  a download or Java failed
  2  the input is wrong                     7  a broker did not start
  3  the cluster is busy, or taken over     8  verification failed, or not healthy
  4  a subnet, port or name is taken        9  cancelled, aborted, or a step was skipped
 10  a drill failed                        11  a drill was skipped, or proved nothing
                                          130  interrupted; what was started runs on`;

const program = new Command('everbroker')
  .description('Apache ActiveMQ Classic high-availability clusters as durable Temporal workflows')
  .showHelpAfterError()
  .exitOverride()
  .addHelpText('after', EXIT_CODES);

for (const add of [
  addDeploy,
  addPlan,
  addVerify,
  addStatus,
  addReport,
  addHistory,
  addCredentials,
  addDestroy,
  addDrill,
  addSchedule,
  addValidate,
  addSchema,
  addWorker,
  addDown,
])
  add(program);

/** Commander ends by throwing, also for --help; its own exit code tells whether all is well. */
async function main(): Promise<number> {
  const json = process.argv.includes('--json');
  try {
    await program.parseAsync();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof CommanderError)) return reportError(error, json);
    if (error.exitCode === 0) return 0;
    // Its text is on stderr already; a program reads stdout.
    if (json) reportError(new EverbrokerError('InvalidInput', error.message), true);
    return FAILURES.InvalidInput.exitCode;
  }
}

// Open connections must not keep a finished command alive.
void main().then((code) => process.exit(code));
