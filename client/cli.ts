/** argv → command → exit code. What each command does is in commands/. */
import { Command } from 'commander';
import { addCredentials } from './commands/credentials.js';
import { addDeploy } from './commands/deploy.js';
import { addDestroy } from './commands/destroy.js';
import { addDown } from './commands/down.js';
import { addPlan } from './commands/plan.js';
import { addSchema } from './commands/schema.js';
import { addStatus } from './commands/status.js';
import { addValidate } from './commands/validate.js';
import { addVerify } from './commands/verify.js';
import { addWorker } from './commands/worker.js';
import { reportError } from './terminal.js';

const EXIT_CODES = `
Exit codes: 0 done · 1 unexpected error · 2 the input is wrong · 3 the cluster is busy or was taken over ·
4 a subnet, port or name is taken · 5 a host, engine or Temporal cannot be reached · 6 a download or Java failed ·
7 a broker did not start · 8 verification failed · 9 aborted or skipped · 130 interrupted`;

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
  addCredentials,
  addDestroy,
  addValidate,
  addSchema,
  addWorker,
  addDown,
])
  add(program);

/** Commander ends by throwing, also for --help; its own exit code tells which: 0 or a wrong argument. */
async function main(): Promise<number> {
  try {
    await program.parseAsync();
    return Number(process.exitCode ?? 0);
  } catch (error) {
    const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
    if (typeof code === 'string' && code.startsWith('commander.'))
      return code.includes('help') || code.includes('version') ? 0 : 2;
    return reportError(error, process.argv.includes('--json'));
  }
}

// Open connections must not keep a finished command alive.
process.exit(await main());
