/** Every activity of the worker over a fake cluster; reading the input and describing a holder are the real ones. */
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/activity';
import { setTimeout as delay } from 'node:timers/promises';
import type { Deps } from '../../activities/deps.js';
import type { Activities } from '../../activities/index.js';
import { resolveDrill } from '../../activities/drills/resolve.js';
import { describeHolder, resolveInput } from '../../activities/resolve.js';
import { activity } from '../../activities/run-activity.js';
import type { StepInput } from '../../activities/step-input.js';
import type { Check } from '../../core/contract.js';
import { EverbrokerError } from '../../core/failure.js';
import { containerName, holderWorkflowId } from '../../core/naming.js';
import { driftChecks } from '../../core/health/drift.js';
import type { LockAnswer } from '../../core/health/lock-proof.js';
import { messageCheckNames } from '../../core/health/proof.js';
import { createdMachine } from '../../core/plan/created.js';
import { planDeploy } from '../../core/plan/deploy.js';
import type { Found } from '../../core/plan/destroy.js';
import type { StepResult } from '../../core/plan/step.js';
import { dockerHostOf, hostNames, type Topology } from '../../core/topology/topology.js';
import { LEASE_MS, type FakeCluster } from './fake-cluster.js';
import { fakeDrillActivities } from './fake-drills.js';
import { aDesired } from './simulated-hosts.js';

/** No workflow over this fake drills. */
const noDrill = (): Promise<never> => Promise.reject(new Error('no drill is expected here'));
const drills = {
  injectFault: noDrill,
  healFault: noDrill,
  lookForFault: noDrill,
  faultSupport: noDrill,
  startRecording: noDrill,
  collectSamples: noDrill,
  startLoad: noDrill,
  readLoad: noDrill,
  stopProducers: noDrill,
  drainLoad: noDrill,
  collectLedger: noDrill,
  clearLoad: noDrill,
  keepRecord: noDrill,
  lastDrill: noDrill,
};

export function fakeActivities(fake: FakeCluster, client: Client): Activities {
  const deps = fakeDeps(client);
  const named = <I, O>(
    name: string | ((input: I) => string),
    effect: (input: I, signal: AbortSignal) => O | Promise<O>,
  ) =>
    activity((input: I, signal) =>
      fake.call(typeof name === 'string' ? name : name(input), signal, () => effect(input, signal)),
    );
  const step = <R extends StepResult>(effect: (input: StepInput) => R) =>
    activity((input: StepInput, signal) =>
      fake.change(input.step.id, { token: input.token, signal }, () => effect(input)),
    );
  const applied = step(({ step: wanted }) => ({ changed: fake.apply(wanted), note: `${wanted.kind} done` }));
  return {
    resolveInput: named('resolveInput', (input) => resolveInput(deps, input)),
    describeHolder: named('describeHolder', (input) => describeHolder(deps, input)),
    placeNetworks: named('placeNetworks', ({ topology }: { topology: Topology }) => ({ topology, notes: [] })),
    ...claims(fake, client),
    ...drills,
    observeHost: named(
      ({ host }) => `observeHost/${host}`,
      ({ host }) => fake.look(host),
    ),
    readNodes: named(
      ({ host }) => `readNodes/${host}`,
      ({ host, group }) => fake.read(host, group),
    ),
    planSteps: named('planSteps', ({ topology, observed }) => {
      const desired = aDesired(topology, fake.version);
      return { plan: planDeploy({ topology, desired, observed, secretsChanged: false }) };
    }),
    compareHosts: named('compareHosts', ({ topology, observed, unseen }) => {
      const desired = aDesired(topology, fake.version);
      return { checks: driftChecks({ topology, desired, observed, secretsChanged: false }, unseen) };
    }),
    diffFiles: named(
      ({ step: wanted }) => `diffFiles/${wanted.id}`,
      ({ step: { files = [] } }) => files.map((file) => ({ ...file, diff: `-old\n+${fake.version}` })),
    ),
    createNetwork: step(({ host, step: wanted }) => {
      const changed = fake.apply(wanted);
      return { changed, created: changed ? [`${host}|network|${wanted.network}`] : [] };
    }),
    createContainer: step(({ topology, host, step: wanted }) => {
      const existed = fake.hosts[host]?.placement?.container.exists ?? false;
      const volumes = fake.makeVolumes(host).map((name) => `${host}|volume|${name}`);
      const created = existed ? [] : [...volumes, `${host}|container|${containerName(topology, host)}`];
      return { changed: fake.apply(wanted), publicKey: 'key', created };
    }),
    prepareHost: step(({ host, step: wanted }) => {
      const created = fake.hosts[host]?.machine?.installed === false ? [createdMachine(host)] : [];
      return { changed: fake.apply(wanted), publicKey: 'key', created };
    }),
    shareSecrets: activity(({ step: wanted, token, recipients }, signal) =>
      fake.change(wanted.id, { token, signal }, () => {
        const hosts = Object.keys(recipients).filter((host) => recipients[host] !== '');
        return { changed: fake.apply(wanted), sealed: Object.fromEntries(hosts.map((host) => [host, 'sealed'])) };
      }),
    ),
    installJava: applied,
    installActiveMQ: async (input) => ({ ...(await applied(input)), classData: false }),
    installService: applied,
    startService: applied,
    checkStore: applied,
    probeLock: named(
      ({ host, question }) => `probeLock/${question}/${host}`,
      ({ question }): LockAnswer => ({ outcome: question === 'see' ? fake.lockSeen : LOCK_ANSWERS[question] }),
    ),
    configureNode: applied,
    startNode: applied,
    stopNode: applied,
    removeNode: applied,
    makeClassData: applied,
    proveMessages: named('proveMessages', ({ topology, insist }) => prove(fake, topology, insist)),
    removeCreated: activity(({ created, token }, signal) =>
      fake.change(`removeCreated/${created}`, { token, signal }, () => {
        const [host = '', kind, name = ''] = created.split('|');
        if (kind === 'container') fake.removeContainer(host);
        else if (kind === 'machine') fake.clearMachine(host);
        else if (kind === 'network') fake.removeNetwork();
        else fake.volumes.delete(name);
      }),
    ),
    ...removals(fake),
    resolveDrill: named('resolveDrill', (input) => resolveDrill(deps, input)),
    ...fakeDrillActivities(fake),
  };
}

const LOCK_ANSWERS = { hold: 'held', release: 'released', take: 'taken', remove: 'removed' } as const;

function removals(fake: FakeCluster) {
  const removal = (remove: (input: StepInput) => boolean) =>
    activity((input: StepInput, signal) =>
      fake.change(input.step.id, { token: input.token, signal }, () => ({ changed: remove(input) })),
    );
  return {
    findCluster: activity(({ topology, hosts }: { topology: Topology; hosts: string[] }, signal) =>
      fake.call('findCluster', signal, () => [
        ...onEngine(fake, topology, hosts),
        ...hosts.flatMap((host): Found[] => {
          const installed = fake.hosts[host]?.machine?.installed ?? false;
          if (!installed && !fake.machineData.has(host)) return [];
          const data = [`/stores/of/${host}`];
          return [{ host, containers: [], networks: [], volumes: [], machine: { installed, data } }];
        }),
      ]),
    ),
    clearHost: removal(({ host }) => fake.clearMachine(host)),
    clearData: removal(({ host }) => fake.machineData.delete(host)),
    removeContainer: removal(({ topology, step }) => {
      const host = hostNames(topology).find((name) => containerName(topology, name) === step.target);
      return fake.removeContainer(host ?? '');
    }),
    removeNetwork: removal(() => fake.removeNetwork()),
    removeVolume: removal(({ step }) => fake.volumes.delete(step.target ?? '')),
  };
}

/** One entry, as all fake containers are on one engine. */
function onEngine(fake: FakeCluster, topology: Topology, all: readonly string[]): Found[] {
  const hosts = all.filter((host) => fake.hosts[host]?.placement !== undefined);
  const [first] = hosts;
  if (first === undefined) return [];
  const exists = hosts.some((host) => fake.hosts[host]?.placement?.network.exists);
  return [
    {
      host: first,
      containers: hosts
        .filter((host) => fake.hosts[host]?.placement?.container.exists)
        .map((host) => ({ name: containerName(topology, host), host })),
      networks: exists ? [{ name: dockerHostOf(topology, first).network.name }] : [],
      volumes: [...fake.volumes].map((name) => ({ name })),
    },
  ];
}

/** The rules of activities/claim.ts on a claim in memory, with a shorter lease. */
function claims(fake: FakeCluster, client: Client): Pick<Activities, 'claimCluster' | 'keepClaim' | 'releaseClaim'> {
  return {
    claimCluster: activity(({ topology, token, operation, workflowId }, signal) =>
      fake.call('claimCluster', signal, async () => {
        while (fake.claim !== null && fake.claim.token !== token) await waitForLapse(fake, topology.name);
        if (fake.claim === null) {
          fake.claim = { token, by: `${operation} by ${workflowId}`, renewals: 0 };
          fake.holds.push(token);
        }
        fake.owner = token;
      }),
    ),
    keepClaim: activity(({ topology, token }, signal) =>
      fake.call('keepClaim', signal, async () => {
        for (;;) {
          const holder = await client.workflow.getHandle(holderWorkflowId(topology.name)).describe();
          if (holder.status.name !== 'RUNNING' || holder.runId !== token)
            throw ApplicationFailure.nonRetryable(`the holder of ${topology.name} has ended`, 'HolderGone');
          if (fake.claim?.token !== token) throw new EverbrokerError('OwnershipLost', 'its claim is gone');
          fake.claim.renewals++;
          if (fake.keeperRests) throw ApplicationFailure.create({ message: 'rests', nextRetryDelay: '300 days' });
          await delay(LEASE_MS / 5, undefined, { signal });
        }
      }),
    ),
    releaseClaim: activity(({ token }, signal) =>
      fake.call('releaseClaim', signal, () => {
        if (fake.claim?.token === token) fake.claim = null;
      }),
    ),
  };
}

async function waitForLapse(fake: FakeCluster, cluster: string): Promise<void> {
  const seen = { ...fake.claim };
  for (const deadline = Date.now() + LEASE_MS; Date.now() < deadline; await delay(LEASE_MS / 20)) {
    if (fake.claim?.token !== seen.token) return;
    if (fake.claim?.renewals !== seen.renewals) {
      throw new EverbrokerError(
        'ClusterBusy',
        `cluster ${cluster} is busy: ${seen.by}, started through another server`,
      );
    }
  }
  fake.claim = null;
}

function prove(fake: FakeCluster, topology: Topology, insist: boolean): { checks: Check[]; note: string } {
  const checks = messageCheckNames(topology).map((name): Check => {
    const lost = fake.lostMessages.some((route) => name.endsWith(route));
    return lost
      ? { name, ok: false, fault: 'MessagesLost', detail: `3 of 20 lost` }
      : { name, ok: true, detail: '20 of 20' };
  });
  const failed = checks.filter((check) => !check.ok);
  if (insist && failed.length > 0)
    throw new EverbrokerError(
      'VerificationFailed',
      failed.map(({ fault, detail }) => `${fault}: ${detail}`).join('\n'),
    );
  return { checks, note: `${checks.length - failed.length} of ${checks.length} passed` };
}

/** What reading the input and describing a holder need; nothing of a host or an engine is there. */
function fakeDeps(temporal: Client): Deps {
  const none = (what: string) => (): never => {
    throw new Error(`a fake worker has no ${what}`);
  };
  return {
    engine: none('engine'),
    openHost: none('hosts'),
    get cache() {
      return none('cache')();
    },
    hostKeys: new Map(),
    consoleLogins: new Map(),
    agent: '',
    machine: '',
    probe: Buffer.alloc(0),
    ensureImage: none('images'),
    readTopology: () => Promise.resolve(null),
    knownTopologies: () => Promise.resolve(['ha-6', 'single']),
    version: '0.0.0',
    permit: () => undefined,
    resolveSecret: none('secrets'),
    resolvePem: none('certificates'),
    cacheSecrets: () => Promise.resolve(),
    forgetSecrets: () => Promise.resolve(),
    pins: { of: () => Promise.resolve(null), record: () => Promise.resolve() },
    readScenario: () => Promise.resolve(null),
    knownScenarios: () => Promise.resolve([]),
    records: { keep: ({ drill }) => Promise.resolve(drill), newest: none('records') },
    temporal,
  };
}
