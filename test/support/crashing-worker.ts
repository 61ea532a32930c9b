/**
 * The built worker, but it ends itself by kill -9 at a chosen moment of an activity, or stands still there until it is
 * let go. From outside such a moment could only be hit by chance: most steps take milliseconds.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { activityInfo } from '@temporalio/activity';
import type { Deps } from '../../activities/deps.js';
import type { Activities } from '../../activities/index.js';
import type { DockerEngine } from '../../hosts/docker-engine.js';
import type { Host } from '../../hosts/host.js';

export interface Crash {
  /** Type of the activity. */
  activity: keyof Activities;
  /**
   * `start`: before it does anything. `command`: while a command of it runs on a host (the engine does not end it).
   * `unwritten`: between the creation of a container and the writing of its files. `done`: when all is done and the
   * server does not know it yet, the moment in which things are done twice.
   */
  at: 'start' | 'command' | 'unwritten' | 'done';
  /** With `command`: text in the command, to choose one, and how long it has run. */
  command?: string;
  afterMs?: number;
  /** With `start` and `done`: instead of dying, makes this file and stands still, once, until somebody has removed it. */
  hold?: string;
}

const die = (): void => void process.kill(process.pid, 'SIGKILL');
const isIn = ({ activity }: Crash): boolean => activityInfo().activityType === activity;
/** Dying takes the kernel a moment, in which nothing may go on. */
const never = (): Promise<never> => new Promise(() => undefined);

let hasHeld = false;

async function strike({ hold }: Crash): Promise<void> {
  if (hold === undefined) {
    die();
    await never();
  } else if (!hasHeld) {
    hasHeld = true;
    writeFileSync(hold, '');
    while (existsSync(hold)) await delay(20);
  }
}

function crashing(activities: Activities, crash: Crash): Activities {
  const work = activities[crash.activity] as (input: unknown) => Promise<unknown>;
  const dying = async (input: unknown): Promise<unknown> => {
    if (crash.at === 'start') await strike(crash);
    const result = await work(input);
    if (crash.at === 'done') await strike(crash);
    return result;
  };
  return { ...activities, [crash.activity]: dying };
}

function crashingDeps(deps: Deps, crash: Crash): Deps {
  return {
    ...deps,
    openHost: async (topology, host) => crashingHost(await deps.openHost(topology, host), crash),
    engine: (address) => crashingEngine(deps.engine(address), crash),
  };
}

function crashingHost(host: Host, crash: Crash): Host {
  return {
    ...host,
    exec(argv, options) {
      const meant = crash.at === 'command' && isIn(crash) && argv.join(' ').includes(crash.command ?? '');
      const running = host.exec(argv, options);
      if (meant) setTimeout(die, crash.afterMs ?? 0);
      return meant ? running.then(never, never) : running;
    },
  };
}

function crashingEngine(engine: DockerEngine, crash: Crash): DockerEngine {
  return {
    ...engine,
    async createContainer(spec, options) {
      if (crash.at !== 'unwritten' || !isIn(crash)) return engine.createContainer(spec, options);
      await engine.createContainer({ ...spec, files: [] }, options);
      die();
      return never();
    },
  };
}

// Last: it waits for the worker's end, and what it calls must be there before.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const crash: Crash = JSON.parse(process.argv[2] ?? '') as Crash;
  const built = new URL('../../dist/', import.meta.url);
  // The build has its workflows bundled: to bundle them for every worker would take longer than the test.
  const { runWorker } = (await import(new URL('worker/main.js', built).href)) as typeof import('../../worker/main.js');
  const { createActivities } = (await import(
    new URL('activities/index.js', built).href
  )) as typeof import('../../activities/index.js');
  await runWorker(process.env, (deps) => crashing(createActivities(crashingDeps(deps, crash)), crash));
}
