import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { DEFAULT_TASK_QUEUE } from '../core/naming.js';
import { stateLayout, type Environment, type StateLayout } from '../core/state-layout.js';

/** Everything that a worker is configured with, from its environment. */
export interface WorkerSettings {
  taskQueue: string;
  state: StateLayout;
  /** Directory of named topologies besides those that come with Everbroker. */
  topologiesDir: string | null;
  /** The same of the scenarios of drills. */
  scenariosDir: string | null;
  /** What inputs may reach, as patterns of whole values with `*`; what null stands for is said in permit.ts. */
  allowed: Record<'hosts' | 'engines' | 'images' | 'urls', string[] | null>;
  /** `directory`: ssh's own files of the worker's user (config, known_hosts, keys). `agent`: its socket, if inputs may use it. */
  ssh: { directory: string; agent: string | null };
  /** As the Docker client reads it; null: its own default. */
  dockerHost: string | null;
  maxConcurrentActivities: number;
  maxConcurrentWorkflowTasks: number;
  /** How long activities may finish after SIGTERM before they are cancelled. */
  shutdownGraceSeconds: number;
  logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error';
}

export type WorkerSettingsResult = { ok: true; settings: WorkerSettings } | { ok: false; problems: string[] };

const text = z.string().trim().min(1, 'must not be empty');
const path = text.refine((value) => !value.includes('\0'), 'must be a path');
const number = (range: { min: number; max: number; fallback: number }) =>
  z
    .string()
    .regex(/^\d+$/, 'must be a whole number')
    .transform(Number)
    .refine((n) => n >= range.min && n <= range.max, `must be from ${range.min} to ${range.max}`)
    .default(range.fallback);
const patterns = text
  .transform((value) => value.split(',').map((pattern) => pattern.trim()))
  .refine((list) => list.every((pattern) => pattern !== ''), 'must be patterns separated by commas, none of them empty')
  .nullable()
  .default(null);

const schema = z.object({
  EVERBROKER_TASK_QUEUE: text.max(255, 'must have at most 255 characters').default(DEFAULT_TASK_QUEUE),
  EVERBROKER_HOME: path.optional(),
  EVERBROKER_CACHE: path.optional(),
  EVERBROKER_SECRETS_DIR: path.optional(),
  EVERBROKER_TOPOLOGIES_DIR: path.nullable().default(null),
  EVERBROKER_SCENARIOS_DIR: path.nullable().default(null),
  EVERBROKER_ALLOWED_HOSTS: patterns,
  EVERBROKER_ALLOWED_ENGINES: patterns,
  EVERBROKER_ALLOWED_IMAGES: patterns,
  EVERBROKER_ALLOWED_URLS: patterns,
  EVERBROKER_SSH_DIR: path.optional(),
  // An agent's keys open more than Everbroker's hosts; so its use is the operator's decision.
  EVERBROKER_SSH_AGENT: z.enum(['allow', 'refuse']).default('refuse'),
  SSH_AUTH_SOCK: path.nullable().default(null),
  DOCKER_HOST: text
    .regex(/^(unix|tcp|http|https|ssh):\/\/.+/, 'must begin with unix://, tcp://, http://, https:// or ssh://')
    .nullable()
    .default(null),
  // Activities mostly wait for hosts; a six-node deployment has at most a dozen at once.
  EVERBROKER_MAX_ACTIVITIES: number({ min: 1, max: 1000, fallback: 100 }),
  // The SDK refuses less than 2 where workflows are cached.
  EVERBROKER_MAX_WORKFLOW_TASKS: number({ min: 2, max: 1000, fallback: 40 }),
  EVERBROKER_SHUTDOWN_GRACE_SECONDS: number({ min: 0, max: 3600, fallback: 5 }),
  EVERBROKER_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error']).default('info'),
});

/** Reads and checks a worker's environment; all problems are listed at once, each with the variable's name. */
export function workerOptionsFromEnv(env: Environment, cwd: string): WorkerSettingsResult {
  // An empty variable means "not set", as everywhere in the shell's world.
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(present);
  if (!parsed.success) {
    return {
      ok: false,
      problems: parsed.error.issues.map(({ path: [name], message }) => `${String(name)}: ${message}`),
    };
  }
  const read = parsed.data;
  const settings: WorkerSettings = {
    taskQueue: read.EVERBROKER_TASK_QUEUE,
    state: stateLayout(present, cwd),
    topologiesDir: read.EVERBROKER_TOPOLOGIES_DIR,
    scenariosDir: read.EVERBROKER_SCENARIOS_DIR,
    allowed: {
      hosts: read.EVERBROKER_ALLOWED_HOSTS,
      engines: read.EVERBROKER_ALLOWED_ENGINES,
      images: read.EVERBROKER_ALLOWED_IMAGES,
      urls: read.EVERBROKER_ALLOWED_URLS,
    },
    ssh: {
      directory: read.EVERBROKER_SSH_DIR ?? join(homedir(), '.ssh'),
      agent: read.EVERBROKER_SSH_AGENT === 'allow' ? read.SSH_AUTH_SOCK : null,
    },
    dockerHost: read.DOCKER_HOST,
    maxConcurrentActivities: read.EVERBROKER_MAX_ACTIVITIES,
    maxConcurrentWorkflowTasks: read.EVERBROKER_MAX_WORKFLOW_TASKS,
    shutdownGraceSeconds: read.EVERBROKER_SHUTDOWN_GRACE_SECONDS,
    logLevel: read.EVERBROKER_LOG_LEVEL,
  };
  return { ok: true, settings };
}

/** Whether a value matches one of the patterns as a whole (`*`: any characters); null patterns allow everything. */
export function isAllowed(value: string, allowed: readonly string[] | null): boolean {
  return allowed === null || allowed.some((pattern) => toRegExp(pattern).test(value));
}

const toRegExp = (pattern: string): RegExp =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[^]*')}$`,
  );
