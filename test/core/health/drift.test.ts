import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Check } from '../../../core/contract.js';
import { driftChecks } from '../../../core/health/drift.js';
import { planDeploy } from '../../../core/plan/deploy.js';
import type { Known } from '../../../core/plan/known.js';
import { aDesired, carryOut, noHosts, type Hosts } from '../../support/simulated-hosts.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 2, nodesPerGroup: 2, hosts: 2 });
const known = (observed: Hosts): Known => ({ topology, desired: aDesired(topology), observed, secretsChanged: false });

function deployed(change: (hosts: Hosts) => void = () => undefined): Known {
  const empty = noHosts(topology);
  const hosts = structuredClone(
    carryOut(topology, { plan: planDeploy(known(empty)), desired: aDesired(topology) }, empty),
  );
  change(hosts);
  return known(hosts);
}
const byHost = (checks: Check[]): Record<string, string> =>
  Object.fromEntries(checks.map((check) => [check.name.split(' ')[0] ?? '', check.fault ?? 'ok']));

test('a cluster that was just deployed has not drifted', () => {
  assert.deepEqual(byHost(driftChecks(deployed(), {})), { h1: 'ok', h2: 'ok' });
});

describe('drift', () => {
  const file = `${topology.root}/n1/conf/activemq.xml`;
  const hostOfN1 = topology.groups.g1!.nodes.n1!.host;

  test('names the node and the file that differs, on that host only', () => {
    const checks = driftChecks(
      deployed((hosts) => (hosts[hostOfN1]!.inside!.files[file] = 'changed')),
      {},
    );
    const bad = checks.filter((check) => !check.ok);
    assert.deepEqual(
      bad.map(({ name, fault }) => [name, fault]),
      [[`${hostOfN1} is as the topology says`, 'StaleConfiguration']],
    );
    assert.match(bad[0]!.detail, /n1: conf\/activemq\.xml differs/);
  });

  test('is told of a node that runs with an older configuration than lies on its disk', () => {
    const checks = driftChecks(
      deployed((hosts) => (hosts.h1!.inside!.nodes[0]!.launchedWith = 'older')),
      {},
    );
    assert.match(checks[0]!.detail, /runs with an older configuration/);
  });

  test('is not to be confused with an agent that does not run', () => {
    const checks = driftChecks(
      deployed((hosts) => (hosts.h1!.inside!.agentRunning = false)),
      {},
    );
    assert.deepEqual(byHost(checks), { h1: 'AgentDown', h2: 'ok' });
  });

  test('is told on the hosts that can be seen although another is down', () => {
    for (const down of ['h1', 'h2']) {
      const up = down === 'h1' ? 'h2' : 'h1';
      const stopped = deployed((hosts) => {
        hosts[down]!.placement!.container.running = false;
        delete hosts[down]!.inside;
      });
      assert.deepEqual(byHost(driftChecks(stopped, {})), { [down]: 'HostDown', [up]: 'ok' });
      const node = stopped.observed[up]!.inside!.nodes[0]!.name;
      stopped.observed[up]!.inside!.files[`${topology.root}/${node}/conf/activemq.xml`] = 'changed';
      assert.deepEqual(byHost(driftChecks(stopped, {})), { [down]: 'HostDown', [up]: 'StaleConfiguration' });
    }
  });

  test('is no older password of one group where only another got a new one, whichever host is down', () => {
    for (const down of ['h1', 'h2']) {
      const stopped = deployed((hosts) => {
        Object.assign(hosts.h1!.inside!, { secretsVersion: 2, groupVersions: { g1: 1, g2: 2 } });
        const nodes = Object.values(hosts).flatMap(({ inside }) => inside!.nodes);
        for (const node of nodes) if (node.name in topology.groups.g2!.nodes) node.credentialsVersion = 2;
        hosts[down]!.placement!.container.running = false;
        delete hosts[down]!.inside;
      });
      assert.deepEqual(byHost(driftChecks(stopped, {}))[down === 'h1' ? 'h2' : 'h1'], 'ok');
    }
  });

  test('is unknown, not absent, where the look failed', () => {
    for (const dark of ['h1', 'h2']) {
      const unseen = deployed((hosts) => void delete hosts[dark]);
      const checks = driftChecks(unseen, { [dark]: 'the container is paused' });
      assert.equal(byHost(checks)[dark], 'HostUnseen');
      assert.equal(checks.filter((check) => check.ok).length, 1);
      assert.ok(checks.some((check) => check.detail === `could not look into ${dark}: the container is paused`));
    }
  });

  test('is found nowhere when nothing was looked at, and yet no host passes', () => {
    assert.ok(driftChecks(known({}), {}).every((check) => !check.ok));
  });

  test('of a container from another specification is that alone', () => {
    const checks = driftChecks(
      deployed((hosts) => (hosts.h2!.placement!.container.specHash = 'older')),
      {},
    );
    assert.deepEqual(byHost(checks), { h1: 'ok', h2: 'StaleConfiguration' });
    assert.equal(checks[1]!.detail, 'h2: the container was made from another specification');
  });
});
