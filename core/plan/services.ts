/** The steps of what groups need beside their hosts: databases that the topology asks for. */
import { engineOf } from '../databases/index.js';
import type { ServiceObservation } from '../health/observation.js';
import { databasesOf, databasesOnHost, hostNames, type Database, type Topology } from '../topology/topology.js';
import { changedFiles, isNew, type Known } from './known.js';
import type { Step } from './step.js';

/** What the accounts of a database are made from. */
export const grantedFor = (access: string, credentialsVersion: number): string =>
  `${access.slice(0, 16)}-${credentialsVersion}`;

/** Programs, an empty database where there is none, and the files of its configuration. */
export const planServiceInstalls = (known: Known, host: string): Step[] =>
  databasesOnHost(known.topology, host).flatMap((database) => {
    const reason = installReason(known, database);
    const what = `install ${engineOf(database).title}`;
    return reason === null ? [] : [serviceStep('installService', database, what, reason)];
  });

function installReason(known: Known, database: Database): string | null {
  const seen = serviceSeen(known, database);
  if (seen === undefined) return 'the host knows no such database';
  if (!seen.installed) return `${engineOf(database).title} or its data is not there`;
  const found = known.observed[database.host]?.inside?.files ?? {};
  const changed = changedFiles(known.desired.services[database.name]?.files ?? {}, found);
  return changed.length === 0 ? null : `${changed.map(({ path }) => path.split('/').at(-1)).join(', ')} differs`;
}

/** Running, with the accounts of every group that uses it. */
export function planServices(known: Known, credentialsVersion: number): Record<string, Step[]> {
  // Of a part of a topology, as drift plans it, the host may not be there.
  const here = databasesOf(known.topology).filter(({ host }) => hostNames(known.topology).includes(host));
  const steps = here.map((database) => {
    const reason = startReason(known, database, credentialsVersion);
    const what = `start ${engineOf(database).title}, give each group its account`;
    const start = reason === null ? [] : [serviceStep('startService', database, what, reason)];
    return [database.name, start] as const;
  });
  return Object.fromEntries(steps.filter(([, each]) => each.length > 0));
}

function startReason(known: Known, database: Database, credentialsVersion: number): string | null {
  const seen = serviceSeen(known, database);
  if (seen === undefined || !seen.process.alive) return 'it does not run';
  if (seen.desired !== 'up') return `it is meant to be ${seen.desired}`;
  if (seen.process.state === 'T') return 'its process is stopped (SIGSTOP)';
  if (seen.launchedWith !== seen.currentFingerprint) return 'it runs with an older configuration';
  const install = installReason(known, database);
  if (install !== null) return install;
  const { access } = known.desired.services[database.name] ?? { access: '' };
  return seen.granted === grantedFor(access, credentialsVersion)
    ? null
    : 'its accounts are of others, or of older credentials';
}

export function serviceSeen(known: Known, { name, host }: Database): ServiceObservation | undefined {
  if (isNew(known, host)) return undefined;
  return known.observed[host]?.inside?.services?.find((seen) => seen.name === name);
}

/**
 * Databases that the topology no longer has on a host: stopped and forgotten when no group needs them any more; their
 * data stays.
 */
export const planServiceRemovals = (known: Known): Step[] =>
  hostNames(known.topology)
    .filter((host) => !isNew(known, host))
    .flatMap((host) =>
      (known.observed[host]?.inside?.services ?? [])
        .filter(({ name }) => !isOn(known.topology, host, name))
        .map(({ name }) => ({
          id: `removeNode/${name}`,
          kind: 'removeNode' as const,
          host,
          node: name,
          summary: `${name} · stop and remove`,
          reason: 'the topology has no such database on this host',
        })),
    );

const isOn = (topology: Topology, host: string, name: string): boolean =>
  databasesOnHost(topology, host).some((database) => database.name === name);

function serviceStep(kind: Step['kind'], { name, host }: Database, what: string, reason: string): Step {
  return { id: `${kind}/${name}`, kind, host, service: name, summary: `${name} · ${what}`, reason };
}
