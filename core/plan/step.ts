/**
 * The steps of the runbook. A step is data: `plan` prints it, the workflow runs the activity that has the step's kind
 * as its name, the UI shows its summary. Every step is idempotent: the activity looks at the host before it acts.
 */
export type StepKind =
  | 'createNetwork'
  | 'createContainer'
  | 'prepareHost'
  | 'installJava'
  | 'installActiveMQ'
  | 'installService'
  | 'shareSecrets'
  | 'startService'
  | 'checkStore'
  | 'proveLock'
  | 'configureNode'
  | 'stopNode'
  | 'startNode'
  | 'removeNode'
  | 'verifyRoles'
  | 'proveMessages'
  | 'makeClassData'
  | 'removeContainer'
  | 'removeNetwork'
  | 'removeVolume'
  | 'clearHost'
  | 'clearData';

export interface Step {
  /** Unique in a plan: kind and target, e.g. `startNode/mq2`. Waiting failures are retried and skipped by it. */
  id: string;
  kind: StepKind;
  /** What a person reads in the Temporal UI and the terminal: `mq2 · start as slave of brokerA`. */
  summary: string;
  /** Why the step is needed, e.g. `conf/activemq.xml differs`. */
  reason: string;
  /** Host whose worker runs it; absent for steps of the whole cluster, which run on the operation's own queue. */
  host?: string;
  group?: string;
  node?: string;
  /** Database, or server of an ensemble, that a service's step is about. */
  service?: string;
  network?: string;
  /** Name of the container, network or volume that a destroy step removes. */
  target?: string;
  /** Files that the step creates or changes (configureNode, installActiveMQ). */
  files?: FileChange[];
  /** The role that a started node is expected to take; a master that is already there makes it a slave. */
  expect?: 'master' | 'slave' | 'any';
}

export interface FileChange {
  path: string;
  change: 'create' | 'update';
}

/**
 * What deploy runs. Lists are sequences; the hosts run side by side, then the groups side by side, each group's
 * stages one after the other and the steps of one stage side by side.
 */
export interface Plan {
  networks: Step[];
  hosts: Record<string, Step[]>;
  secrets: Step[];
  /**
   * What groups need beside their hosts, by name, side by side before any group starts. Absent in plans that were made
   * before there were any.
   */
  services?: Record<string, Step[]>;
  groups: Record<string, Step[][]>;
  proof: Step[];
  afterwards: Step[];
  /**
   * Hosts that could not be looked into because their container is stopped: deploy starts them, looks again and
   * plans the rest then.
   */
  unseen: string[];
}

/** All steps in the order in which a person would do them. */
export const stepsOf = (plan: Plan): Step[] => [
  ...plan.networks,
  ...Object.values(plan.hosts).flat(),
  ...plan.secrets,
  ...Object.values(plan.services ?? {}).flat(),
  ...Object.values(plan.groups).flat(2),
  ...plan.proof,
  ...plan.afterwards,
];

export const isEmpty = (plan: Plan): boolean => stepsOf(plan).length === 0;

/** What a step's activity says of what it did. */
export interface StepResult {
  /** False when the host was already as wanted. */
  changed: boolean;
  /** One line for the progress display, e.g. `master after 1.9 s`. */
  note?: string;
}
