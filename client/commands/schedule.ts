import { InvalidArgumentError, type Command } from 'commander';
import { table } from '../render.js';
import { scenarioInput } from '../topology-argument.js';
import { openSession } from '../session.js';
import { openTerminal } from '../terminal.js';
import { clusterInput } from '../topology-argument.js';
import type { ScheduleFacts, Schedules } from '../schedules.js';

interface CreateOptions {
  cron: string;
  timeZone: string;
  jitter: number;
  catchup: number;
  id?: string;
  note?: string;
  json?: boolean;
}

export function addSchedule(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('drills and verifications that run by themselves; plain Temporal Schedules, also in the UI');
  schedule
    .command('create')
    .description('make a schedule, or make the existing one be as asked for')
    .argument('<cluster>', 'name of a deployed cluster, or a topology file')
    .argument('<scenario>', 'a scenario that the worker knows, a file, or `verify`: only verify and look for drift')
    .requiredOption('--cron <expression>', 'five fields, e.g. "0 3 * * *"')
    .option('--time-zone <name>', 'of the expression, e.g. Europe/Berlin', 'UTC')
    .option('--jitter <minutes>', 'start at random within so many minutes after the time', minutes, 0)
    .option('--catchup <minutes>', 'leave out a start that was missed by more', minutes, 5)
    .option('--id <id>', 'another id than cluster and scenario give')
    .option('--note <text>', 'shown in the UI')
    .option('--json', 'one JSON document on stdout')
    .action(async (cluster: string, scenario: string, options: CreateOptions) => {
      const terminal = openTerminal(options.json ?? false);
      const about = await clusterInput(cluster);
      const what = scenario === 'verify' ? {} : await scenarioInput(scenario);
      const { cron, timeZone, jitter: jitterMinutes, catchup: catchupMinutes, id, note } = options;
      const more = { ...(id === undefined ? {} : { id }), ...(note === undefined ? {} : { note }) };
      const schedules = await open((line) => terminal.line(line));
      const made = await schedules.create({
        ...about,
        ...what,
        cron,
        timeZone,
        jitterMinutes,
        catchupMinutes,
        ...more,
      });
      terminal.result(`${made.outcome} ${made.id}`, made);
    });
  schedule
    .command('list')
    .description('schedules with their next start')
    .argument('[cluster]', 'only those of this cluster')
    .option('--json', 'one JSON document on stdout')
    .action(async (cluster: string | undefined, options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      const found = await (await open((line) => terminal.line(line))).list(cluster);
      terminal.result(listText(found), found);
    });
  addDeed(schedule, { name: 'pause', done: 'paused', description: 'start nothing more until it is resumed' });
  addDeed(schedule, { name: 'resume', done: 'resumed', description: 'go on after pause, or after a failed drill' });
  addDeed(schedule, { name: 'trigger', done: 'triggered', description: 'start it now, once' });
  addDeed(schedule, {
    name: 'delete',
    done: 'deleted',
    description: 'forget the schedule; records of its drills stay',
  });
}

interface Deed {
  name: 'pause' | 'resume' | 'trigger' | 'delete';
  done: string;
  description: string;
}

function addDeed(schedule: Command, { name, done, description }: Deed): void {
  schedule
    .command(name)
    .description(description)
    .argument('<id>', 'id, as `schedule list` shows it')
    .option('--json', 'one JSON document on stdout')
    .action(async (id: string, options: { json?: boolean }) => {
      const terminal = openTerminal(options.json ?? false);
      await (await open((line) => terminal.line(line)))[name](id);
      terminal.result(`${done} ${id}`, { id, outcome: done });
    });
}

const open = async (log: (line: string) => void): Promise<Schedules> => (await openSession(log)).everbroker.schedules;

function minutes(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number < 0) throw new InvalidArgumentError('must be a number of minutes');
  return number;
}

function listText(found: readonly ScheduleFacts[]): string {
  if (found.length === 0) return 'no schedules; make one with `everbroker schedule create`';
  const rows = found.map(({ id, what, cron, timeZone, paused, next, last, note }) => [
    id,
    what,
    `${cron} ${timeZone}`,
    paused ? `paused${note === null ? '' : `: ${note}`}` : (next ?? '-'),
    last ?? '-',
  ]);
  return table([['ID', 'WHAT', 'WHEN', 'NEXT', 'LAST'], ...rows]);
}
