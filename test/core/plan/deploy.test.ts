import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { planDeploy } from '../../../core/plan/deploy.js';
import { atService } from '../../../core/plan/group.js';
import { planDestroy, type Found } from '../../../core/plan/destroy.js';
import type { Known } from '../../../core/plan/known.js';
import { isEmpty, stepsOf, type Plan } from '../../../core/plan/step.js';
import { groupNames, nodesOfGroup, type Topology } from '../../../core/topology/topology.js';
import {
  aBareMachine,
  aDesired,
  carryOut,
  mastersOf,
  noHosts,
  stop,
  type Hosts,
} from '../../support/simulated-hosts.js';
import { aParsedTopology, aTopology, arbTopology, inDatabase, onMachines, parsed } from '../../support/topologies.js';

const known = (topology: Topology, observed: Hosts, version = 'v1'): Known => ({
  topology,
  desired: aDesired(topology, version),
  observed,
  secretsChanged: false,
});

function deploy(topology: Topology, observed: Hosts, version = 'v1'): { plan: Plan; hosts: Hosts } {
  const plan = planDeploy(known(topology, observed, version));
  return { plan, hosts: carryOut(topology, { plan, desired: aDesired(topology, version) }, observed) };
}

/** What a removal leaves: no container, or a machine with nothing but its data. */
function takeAway(topology: Topology, hosts: Hosts, host: string): void {
  const { placement, inside } = hosts[host]!;
  if (placement !== undefined) placement.container = { exists: false, running: false, ours: false };
  else hosts[host] = aBareMachine(topology, host, { secretsVersion: inside?.secretsVersion ?? 0 });
}

const ids = (plan: Plan): string[] => stepsOf(plan).map((step) => step.id);
const deployed = (topology: Topology): Hosts => deploy(topology, noHosts(topology)).hosts;
const nodeOf = (hosts: Hosts, name: string) => {
  const node = Object.values(hosts)
    .flatMap((host) => host.inside?.nodes ?? [])
    .find((seen) => seen.name === name);
  assert.ok(node, `no node ${name}`);
  return node;
};

describe('a plan for any topology', () => {
  test('reaches the wanted state from nothing, and a second plan is empty', () => {
    fc.assert(
      fc.property(arbTopology, (input) => {
        const topology = parsed(input);
        const { hosts } = deploy(topology, noHosts(topology));
        for (const group of groupNames(topology)) assert.equal(mastersOf(topology, hosts, group).length, 1);
        assert.deepEqual(ids(planDeploy(known(topology, hosts))), []);
      }),
      { numRuns: 150 },
    );
  });

  test('brings back whatever was taken away: nodes stopped, containers removed, machines cleared', () => {
    fc.assert(
      fc.property(arbTopology, fc.array(fc.nat(), { maxLength: 6 }), fc.nat(), (input, downs, gone) => {
        const topology = parsed(input);
        const hosts = structuredClone(deployed(topology));
        const nodes = Object.values(hosts).flatMap((host) => host.inside?.nodes ?? []);
        for (const index of downs) stop(nodes[index % nodes.length]!);
        const names = Object.keys(hosts);
        const victim = names[gone % names.length]!;
        if (gone % 2 === 0) takeAway(topology, hosts, victim);
        const { hosts: healed } = deploy(topology, hosts);
        for (const group of groupNames(topology)) assert.equal(mastersOf(topology, healed, group).length, 1);
        assert.ok(isEmpty(planDeploy(known(topology, healed))));
      }),
      { numRuns: 150 },
    );
  });

  test('restarts each node of a changed configuration once, and the master of each group last', () => {
    fc.assert(
      fc.property(arbTopology, (input) => {
        const topology = parsed(input);
        const hosts = deployed(topology);
        const { plan, hosts: after } = deploy(topology, hosts, 'v2');
        for (const group of groupNames(topology)) {
          const stops = (plan.groups[group] ?? [])
            .flat()
            .filter((step) => step.kind === 'stopNode')
            .map((step) => step.node);
          assert.equal(stops.length, nodesOfGroup(topology, group).length);
          assert.equal(stops.at(-1), mastersOf(topology, hosts, group)[0]);
        }
        assert.ok(isEmpty(planDeploy(known(topology, after, 'v2'))));
      }),
      { numRuns: 80 },
    );
  });

  test('never starts a node before it is configured, nor a slave before its master', () => {
    fc.assert(
      fc.property(arbTopology, (input) => {
        const topology = parsed(input);
        const { plan } = deploy(topology, noHosts(topology));
        for (const stages of Object.values(plan.groups)) {
          const starts = stages.map((stage) => stage.filter((step) => step.kind === 'startNode'));
          const first = starts.find((stage) => stage.length > 0);
          assert.deepEqual(
            first?.map((step) => step.expect),
            ['master'],
          );
          assert.ok(
            starts
              .flat()
              .slice(1)
              .every((step) => step.expect === 'slave'),
          );
        }
      }),
      { numRuns: 80 },
    );
  });
});

describe('a removal', () => {
  test('of any cluster leaves what a deployment makes whole again', () => {
    fc.assert(
      fc.property(arbTopology, fc.boolean(), (input, deleteData) => {
        const topology = parsed(input);
        const hosts = structuredClone(deployed(topology));
        const found = Object.values(hosts).map(({ host, placement, machine }): Found => ({
          host,
          containers: placement === undefined ? [] : [{ name: `c-${host}`, host }],
          networks: [],
          volumes: placement === undefined ? [] : [{ name: `v-${host}` }],
          ...(machine === undefined ? {} : { machine: { installed: machine.installed, data: ['/store'] } }),
        }));
        const plan = planDestroy(topology, found, deleteData);
        assert.deepEqual(plan.containers.map(({ host }) => host).sort(), Object.keys(hosts).sort());
        assert.equal(plan.volumes.length, deleteData ? found.length : 0);
        assert.equal(plan.kept.length, deleteData ? 0 : found.length);
        for (const { host = '' } of plan.containers) takeAway(topology, hosts, host);
        const { hosts: again } = deploy(topology, hosts);
        for (const group of groupNames(topology)) assert.equal(mastersOf(topology, again, group).length, 1);
        assert.ok(isEmpty(planDeploy(known(topology, again))));
      }),
      { numRuns: 80 },
    );
  });

  test('of a machine that was cleared already deletes its data only', () => {
    const topology = parsed(onMachines(aTopology()));
    const left: Found = {
      host: 'h1',
      containers: [],
      networks: [],
      volumes: [],
      machine: { installed: false, data: ['/srv/store', '/var/lib/everbroker'] },
    };
    assert.deepEqual(planDestroy(topology, [left], false).kept, ['h1:/srv/store', 'h1:/var/lib/everbroker']);
    const steps = planDestroy(topology, [left], true);
    assert.deepEqual([steps.containers, steps.volumes.map(({ id }) => id)], [[], ['clearData/h1']]);
  });
});

describe('the plan for machines', () => {
  const topology = parsed(onMachines(aTopology({ groups: 2, nodesPerGroup: 2, hosts: 2 })));

  test('prepares a bare one first, and makes neither networks nor containers', () => {
    const plan = planDeploy(known(topology, noHosts(topology)));
    assert.deepEqual(plan.networks, []);
    assert.deepEqual(
      plan.hosts.h1?.map(({ id }) => id),
      ['prepareHost/h1', 'installJava/h1', 'installActiveMQ/h1'],
    );
    assert.match(plan.hosts.h1?.[0]?.reason ?? '', /^nothing of Everbroker is on the machine/);
  });

  test('prepares one again that nothing would start at boot', () => {
    const hosts = structuredClone(deployed(topology));
    hosts.h2!.machine!.hooks = {};
    const [step, ...others] = stepsOf(planDeploy(known(topology, hosts))).filter(({ host }) => host === 'h2');
    assert.equal(step?.id, 'prepareHost/h2');
    assert.match(step?.reason ?? '', /nothing starts the agent at boot/);
    assert.ok(others.every(({ kind }) => kind === 'proveMessages'));
  });
});

describe('the plan of a cluster', () => {
  const topology = aParsedTopology({ groups: 2, nodesPerGroup: 3, hosts: 2 });

  test('gives every step a reason and an id of its own', () => {
    const steps = stepsOf(planDeploy(known(topology, noHosts(topology))));
    assert.ok(steps.every((step) => step.reason !== '' && step.summary !== ''));
    assert.equal(new Set(steps.map((step) => step.id)).size, steps.length);
  });

  test('starts a stopped container and leaves the rest to a second look', () => {
    const hosts = structuredClone(deployed(topology));
    const seen = hosts.h1!;
    seen.placement!.container.running = false;
    delete seen.inside;
    const plan = planDeploy(known(topology, hosts));
    assert.deepEqual(ids(plan), ['createContainer/h1']);
    assert.deepEqual(plan.unseen, ['h1']);
  });

  test('makes a container anew when its specification changed', () => {
    const hosts = structuredClone(deployed(topology));
    hosts.h2!.placement!.container.specHash = 'older';
    const plan = planDeploy(known(topology, hosts));
    assert.equal(plan.hosts.h2?.[0]?.summary, 'h2 · replace container with address 172.29.0.12');
    assert.ok(plan.hosts.h1?.length === 0);
  });

  test('starts a node that is down without touching those that run', () => {
    const hosts = structuredClone(deployed(topology));
    const slave = nodesOfGroup(topology, 'g1')[1]!.name;
    stop(nodeOf(hosts, slave));
    assert.deepEqual(ids(planDeploy(known(topology, hosts))), [
      'proveLock/g1',
      `startNode/${slave}`,
      'verifyRoles/g1',
      'proveMessages',
    ]);
  });

  test('restarts a node that runs with an older configuration than lies on its disk', () => {
    const hosts = structuredClone(deployed(topology));
    const node = nodeOf(hosts, nodesOfGroup(topology, 'g2')[1]!.name);
    node.launchedWith = 'older';
    const plan = planDeploy(known(topology, hosts));
    assert.deepEqual(ids(plan), [`stopNode/${node.name}`, `startNode/${node.name}`, 'verifyRoles/g2', 'proveMessages']);
    assert.match(stepsOf(plan)[0]!.reason, /older configuration/);
  });

  test('writes new credentials to every node when a referenced secret has changed', () => {
    const plan = planDeploy({ ...known(topology, deployed(topology)), secretsChanged: true });
    assert.ok(ids(plan).includes('shareSecrets'));
    assert.equal(stepsOf(plan).filter((step) => step.kind === 'configureNode').length, 6);
  });

  test('restarts only the groups whose nodes hold the secret that has changed', () => {
    const hosts = structuredClone(deployed(topology));
    const plan = planDeploy({ ...known(topology, hosts), secretsChanged: true, changedGroups: ['g2'] });
    assert.deepEqual(Object.keys(plan.groups), ['g2']);
    assert.equal(stepsOf(plan).filter((step) => step.kind === 'configureNode').length, 3);
    for (const { name } of nodesOfGroup(topology, 'g2')) nodeOf(hosts, name).credentialsVersion = 2;
    Object.assign(hosts.h1!.inside!, { secretsVersion: 2, groupVersions: { g1: 1, g2: 2 } });
    assert.deepEqual(ids(planDeploy(known(topology, hosts))), []);
    nodeOf(hosts, 'n1').credentialsVersion = 2;
    assert.match(planDeploy(known(topology, hosts)).groups['g1']?.[0]?.[0]?.reason ?? '', /of another version/);
  });

  test('gives a database new accounts only when one of its own groups has a new password', () => {
    const stored = parsed(inDatabase(aTopology({ groups: 2, bridges: false }), 'mariadb'));
    const services = (changedGroups: string[]) =>
      planDeploy({ ...known(stored, deployed(stored)), secretsChanged: true, changedGroups }).services;
    assert.deepEqual(services(['g2']), {});
    assert.deepEqual(Object.keys(services(['g1']) ?? {}), ['db']);
  });

  test('removes a node that the topology no longer has', () => {
    const hosts = structuredClone(deployed(topology));
    hosts.h1!.inside!.nodes.push({ ...nodeOf(hosts, 'n1'), name: 'n99' });
    assert.ok(ids(planDeploy(known(topology, hosts))).includes('removeNode/n99'));
  });

  test('installs Java where the one that is there is too old', () => {
    const hosts = structuredClone(deployed(topology));
    hosts.h1!.inside!.java = { path: '/java', major: 8, version: 'old' };
    const [step] = stepsOf(planDeploy(known(topology, hosts)));
    assert.equal(step?.id, 'installJava/h1');
    assert.match(step?.reason ?? '', /Java 8 is older than 17/);
  });
});

describe('the look at a database before brokers use it', () => {
  const topology = parsed(inDatabase(aTopology({ groups: 1, nodesPerGroup: 3, hosts: 2, bridges: false }), 'mariadb'));

  test('comes once from each host with nodes to start', () => {
    const checks = ids(planDeploy(known(topology, noHosts(topology)))).filter((id) => id.startsWith('checkStore'));
    assert.deepEqual(checks, ['checkStore/g1/h1', 'checkStore/g1/h2']);
  });

  test('comes before the first broker is stopped that is to get another login', () => {
    const plan = planDeploy({ ...known(topology, deployed(topology)), secretsChanged: true });
    const order = ids(plan).filter((id) => /^(shareSecrets|startService|checkStore|stopNode)/.test(id));
    assert.deepEqual(order.slice(0, 5), [
      'shareSecrets',
      'startService/db',
      'checkStore/g1/h1',
      'checkStore/g1/h2',
      'stopNode/n2',
    ]);
  });

  test('does not come for a broker that goes on as it is', () => {
    const hosts = deployed(topology);
    stop(nodeOf(hosts, 'n2'));
    const checks = ids(planDeploy(known(topology, hosts))).filter((id) => id.startsWith('checkStore'));
    assert.deepEqual(checks, ['checkStore/g1/h2']);
  });
});

describe('messages can be sent', () => {
  const topology = aParsedTopology({ groups: 1, nodesPerGroup: 3, hosts: 1 });
  const parts = (plan: Plan): string[][][] => {
    const { serving, joining } = atService(plan.groups['g1'] ?? []);
    return [serving, joining].map((stages) => stages.map((stage) => stage.map(({ id }) => id)));
  };

  test('when the master of a new group serves, while its slaves join', () => {
    assert.deepEqual(parts(deploy(topology, noHosts(topology)).plan), [
      [['configureNode/n1', 'configureNode/n2', 'configureNode/n3'], ['startNode/n1']],
      [['startNode/n2', 'startNode/n3'], ['verifyRoles/g1']],
    ]);
  });

  test('only after the last of a rolling restart, which is the master', () => {
    const [serving, joining] = parts(deploy(topology, deployed(topology), 'v2').plan);
    assert.deepEqual(serving?.at(-1), ['startNode/n1']);
    assert.deepEqual(joining, [['verifyRoles/g1']]);
  });

  test('at once where only slaves are down', () => {
    const hosts = deployed(topology);
    stop(nodeOf(hosts, 'n3'));
    assert.deepEqual(parts(planDeploy(known(topology, hosts))), [[], [['startNode/n3'], ['verifyRoles/g1']]]);
  });
});

describe('the proof of a lock', () => {
  const topology = aParsedTopology({ groups: 2, nodesPerGroup: 2, hosts: 2, bridges: false });

  test('comes between the configuration of a group on several hosts and its first start', () => {
    const { plan } = deploy(topology, noHosts(topology));
    assert.deepEqual(
      plan.groups['g1']?.map((stage) => stage.map(({ id }) => id)),
      [
        ['configureNode/n1', 'configureNode/n2'],
        ['proveLock/g1'],
        ['startNode/n1'],
        ['startNode/n2'],
        ['verifyRoles/g1'],
      ],
    );
  });

  test('comes again when a host was lost, and not where a node of the group runs beside the one to start', () => {
    const three = aParsedTopology({ groups: 1, nodesPerGroup: 4, hosts: 2 });
    const hosts = deployed(three);
    stop(nodeOf(hosts, 'n1'));
    assert.deepEqual(ids(planDeploy(known(three, hosts))).slice(0, 1), ['startNode/n1']);
    takeAway(three, hosts, 'h1');
    assert.ok(ids(planDeploy(known(three, hosts))).includes('proveLock/g1'));
  });

  test('has nothing to prove on one host', () => {
    const alone = aParsedTopology({ groups: 2, hosts: 1 });
    assert.ok(!ids(deploy(alone, noHosts(alone)).plan).some((id) => id.startsWith('proveLock')));
  });
});
