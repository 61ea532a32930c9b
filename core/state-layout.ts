/** Where the worker and the command line keep what they know: one directory, the same names for both. */
export interface StateLayout {
  /** The state directory itself, absolute; 0700, because of what lies below it. */
  home: string;
  /** Downloads and built programs: may be deleted, is then fetched again. */
  cache: string;
  /** Generated secrets, and the only place below which `file:` references resolve. 0700. */
  secrets: string;
  temporalDatabase: string;
  temporalLog: string;
  /** The pid alone, for people and scripts; `temporalRecord` is what Everbroker itself trusts. */
  temporalPid: string;
  temporalRecord: string;
  workerLog: string;
  workerPid: string;
  workerRecord: string;
  /** Held by a process that starts or stops the server or the worker. */
  lock: string;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The layout for an environment: `EVERBROKER_HOME` (else `.everbroker` in `cwd`) and `EVERBROKER_CACHE`. */
export function stateLayout(env: Environment, cwd: string): StateLayout {
  const absolute = (path: string): string => (path.startsWith('/') ? path : `${cwd}/${path}`).replace(/(.)\/+$/, '$1');
  const home = absolute(env['EVERBROKER_HOME'] || '.everbroker');
  return {
    home,
    cache: absolute(env['EVERBROKER_CACHE'] || `${home}/cache`),
    secrets: absolute(env['EVERBROKER_SECRETS_DIR'] || `${home}/secrets`),
    temporalDatabase: `${home}/temporal.db`,
    temporalLog: `${home}/temporal.log`,
    temporalPid: `${home}/temporal.pid`,
    temporalRecord: `${home}/temporal.json`,
    workerLog: `${home}/worker.log`,
    workerPid: `${home}/worker.pid`,
    workerRecord: `${home}/worker.json`,
    lock: `${home}/lock`,
  };
}

/** The copy of a cluster's credentials that `everbroker credentials` reads, 0600. */
export const credentialsCopy = (state: Pick<StateLayout, 'home'>, cluster: string): string =>
  `${state.home}/credentials/${cluster}.json`;

/** The authority's certificate that the cluster's clients are to trust, PEM. */
export const authorityCopy = (state: Pick<StateLayout, 'home'>, cluster: string): string =>
  `${state.home}/credentials/${cluster}.ca.pem`;

/** Where the records of a cluster's drills are, and one of them. */
export const recordsOf = (state: Pick<StateLayout, 'home'>, cluster: string): string =>
  `${state.home}/records/${cluster}`;
export const recordFile = (state: Pick<StateLayout, 'home'>, cluster: string, drill: string): string =>
  `${recordsOf(state, cluster)}/${drill}.json`;
