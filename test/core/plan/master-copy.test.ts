import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planDeploy } from '../../../core/plan/deploy.js';
import { stepsOf } from '../../../core/plan/step.js';
import { aDesired, carryOut, noHosts, type Hosts } from '../../support/simulated-hosts.js';
import { aParsedTopology } from '../../support/topologies.js';

const topology = aParsedTopology({ groups: 2, nodesPerGroup: 2, hosts: 2 });

const plan = (observed: Hosts, secretsChanged = false) =>
  planDeploy({ topology, desired: aDesired(topology), observed, secretsChanged });

function deploy(observed: Hosts, secretsChanged = false): Hosts {
  return carryOut(topology, { plan: plan(observed, secretsChanged), desired: aDesired(topology) }, observed);
}

/** As an engine shows it: the container is gone with all that was in it, the volume cannot be looked into. */
function withoutContainer(hosts: Hosts, host: string): Hosts {
  const after = structuredClone(hosts);
  after[host]!.placement!.container = { exists: false, running: false, ours: false };
  delete after[host]!.inside;
  return after;
}

/** What a look finds after the container was made: the volume had kept the master copy, or was gone as well. */
function withVersion(hosts: Hosts, host: string, version: number): Hosts {
  const after = structuredClone(hosts);
  after[host]!.inside!.secretsVersion = version;
  return after;
}

const ids = (of: ReturnType<typeof plan>): string[] => stepsOf(of).map((step) => step.id);
/** Steps on other hosts than the first. */
const onOthers = (of: ReturnType<typeof plan>): string[] =>
  stepsOf(of)
    .filter((step) => step.host === 'h2' && step.kind !== 'makeClassData')
    .map((step) => step.id);

describe('when the container with the master copy of the credentials is gone', () => {
  const first = deploy(noHosts(topology));
  const second = deploy(first, true);

  test('and they were renewed since, it is made and looked into before anything else is planned', () => {
    const lost = plan(withoutContainer(second, 'h1'));
    assert.deepEqual(lost.unseen, ['h1']);
    assert.equal(ids(lost)[0], 'createContainer/h1');
    assert.deepEqual(onOthers(lost), []);
    assert.deepEqual(Object.keys(lost.groups), []);
  });

  test('nodes of other hosts go on running: the volume had kept the version that they have', () => {
    const made = withVersion(deploy(withoutContainer(second, 'h1')), 'h1', 2);
    const rest = plan(made);
    assert.deepEqual(rest.unseen, []);
    assert.ok(ids(rest).includes('startNode/n1'));
    assert.deepEqual(onOthers(rest), []);
  });

  test('nodes of other hosts get new credentials where the volume is gone too', () => {
    const rest = plan(withVersion(deploy(withoutContainer(second, 'h1')), 'h1', 0));
    assert.ok(ids(rest).includes('shareSecrets'));
    assert.ok(
      onOthers(rest).some((id) => id.startsWith('stopNode/')),
      onOthers(rest).join(),
    );
  });

  test('and they are the first that were made, everything is planned at once', () => {
    const lost = plan(withoutContainer(first, 'h1'));
    assert.deepEqual(lost.unseen, []);
    assert.deepEqual(onOthers(lost), []);
  });
});
