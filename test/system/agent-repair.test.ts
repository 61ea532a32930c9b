/** A host whose agent was stopped, or robbed of its file, is told apart from a healthy one, and mended without touching its nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Docker from 'dockerode';
import { AGENT_FILE } from '../../core/layout.js';
import { containerName } from '../../core/naming.js';
import type { Topology } from '../../core/topology/topology.js';
import { starts } from '../support/end-state.js';
import { System, failedChecks } from '../support/system.js';

let system: System;
let topology: Topology;
before(async () => {
  system = await System.start();
  topology = await system.topology();
  await (await system.everbroker.deploy({ topology: { ...topology } })).result();
});
after(() => system.stop());

/** The agent's pid as this machine has it: from inside, the container's first process cannot be stopped. */
async function agentPid(): Promise<number> {
  const top = (await new Docker().getContainer(containerName(topology, 'host1')).top()) as {
    Titles: string[];
    Processes: string[][];
  };
  const line = top.Processes.find((fields) => fields.at(-1) === `sh ${AGENT_FILE} run`);
  assert.ok(line, JSON.stringify(top));
  return Number(line[top.Titles.indexOf('PID')]);
}

const faults = async (): Promise<(string | undefined)[]> => {
  const { checks } = await (await system.everbroker.verify({ cluster: topology.name, messages: false })).result();
  return failedChecks(checks).map((check) => ('fault' in check ? check.fault : undefined));
};

async function isMended(): Promise<void> {
  const { outcome } = await (await system.everbroker.deploy({ topology: { ...topology } })).result();
  assert.equal(outcome, 'deployed');
  assert.deepEqual(await faults(), []);
  assert.deepEqual(await starts(system, topology), { mq1: 1, mq2: 1 });
  assert.equal((await (await system.everbroker.deploy({ topology: { ...topology } })).result()).outcome, 'unchanged');
}

describe('a host', () => {
  test('whose agent was stopped (SIGSTOP) is named by verify, and its agent goes on with the next deploy', async () => {
    process.kill(await agentPid(), 'SIGSTOP');
    assert.deepEqual(await faults(), ['AgentDown']);
    await isMended();
  });

  test('whose agent’s file was removed is named by verify, and gets it back with the next deploy', async () => {
    await system.sh(topology, 'host1', `rm ${AGENT_FILE}`);
    assert.deepEqual(await faults(), ['StaleConfiguration']);
    await isMended();
    assert.match(await system.sh(topology, 'host1', `head -n 1 ${AGENT_FILE}`), /^#!\/bin\/sh/);
  });
});
