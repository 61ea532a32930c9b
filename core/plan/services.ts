/** The steps of what groups need beside their hosts: databases and servers of ensembles that the topology asks for. */
import { engineOf } from '../databases/index.js';
import type { ServiceObservation } from '../health/observation.js';
import { groupsIn } from '../stores/index.js';
import { hostNames, servicesOf, servicesOnHost, type Service, type Topology } from '../topology/topology.js';
import { changedFiles, isNew, type Known } from './known.js';
import type { Step } from './step.js';

/** What the accounts of a database are made from. */
export const grantedFor = (access: string, credentialsVersion: number): string =>
  `${access.slice(0, 16)}-${credentialsVersion}`;

/** The newest of the groups that have an account there. */
export const accountsVersion = (topology: Topology, service: Service, versionOf: (group: string) => number): number =>
  Math.max(0, ...groupsIn(topology, service.name).map(versionOf));

/** Programs, an empty database where there is none, and the files of its configuration. */
export const planServiceInstalls = (known: Known, host: string): Step[] =>
  servicesOnHost(known.topology, host).flatMap((service) => {
    const reason = installReason(known, service);
    const what = `install ${engineOf(service).title}`;
    return reason === null ? [] : [serviceStep('installService', service, what, reason)];
  });

function installReason(known: Known, service: Service): string | null {
  const seen = serviceSeen(known, service);
  const { title } = engineOf(service);
  if (seen === undefined) return `the host knows no such ${title}`;
  if (!seen.installed) return `${title} or its data is not there`;
  const found = known.observed[service.host]?.inside?.files ?? {};
  const changed = changedFiles(known.desired.services[service.name]?.files ?? {}, found);
  return changed.length === 0 ? null : `${changed.map(({ path }) => path.split('/').at(-1)).join(', ')} differs`;
}

/**
 * Running, with the accounts of every group that uses it. Databases side by side; the servers of an ensemble one after
 * the other, so that the others keep their majority.
 */
export function planServices(known: Known, versionOf: (group: string) => number): Record<string, Step[]> {
  const steps: Record<string, Step[]> = {};
  for (const service of servicesOf(known.topology)) {
    // Of a part of a topology, as drift plans it, the host may not be there.
    if (!hostNames(known.topology).includes(service.host)) continue;
    const reason = startReason(known, service, accountsVersion(known.topology, service, versionOf));
    if (reason === null) continue;
    const { title, accounts } = engineOf(service);
    const what = accounts === null ? `start ${title}` : `start ${title}, give each group its account`;
    (steps[togetherWith(service)] ??= []).push(serviceStep('startService', service, what, reason));
  }
  return steps;
}

const togetherWith = (service: Service): string => (service.engine === 'zookeeper' ? service.ensemble : service.name);

function startReason(known: Known, service: Service, credentialsVersion: number): string | null {
  const seen = serviceSeen(known, service);
  if (seen === undefined || !seen.process.alive) return 'it does not run';
  if (seen.desired !== 'up') return `it is meant to be ${seen.desired}`;
  if (seen.process.state === 'T') return 'its process is stopped (SIGSTOP)';
  if (seen.launchedWith !== seen.currentFingerprint) return 'it runs with an older configuration';
  const install = installReason(known, service);
  if (install !== null) return install;
  const access = known.desired.services[service.name]?.access ?? null;
  return access === null || seen.granted === grantedFor(access, credentialsVersion)
    ? null
    : 'its accounts are of others, or of older credentials';
}

export function serviceSeen(known: Known, { name, host }: Service): ServiceObservation | undefined {
  if (isNew(known, host)) return undefined;
  return known.observed[host]?.inside?.services?.find((seen) => seen.name === name);
}

/**
 * Services that the topology no longer has on a host: stopped and forgotten when no group needs them any more; their
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
          reason: 'the topology has no such service on this host',
        })),
    );

const isOn = (topology: Topology, host: string, name: string): boolean =>
  servicesOnHost(topology, host).some((service) => service.name === name);

function serviceStep(kind: Step['kind'], { name, host }: Service, what: string, reason: string): Step {
  return { id: `${kind}/${name}`, kind, host, service: name, summary: `${name} · ${what}`, reason };
}
