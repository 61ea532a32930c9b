import assert from 'node:assert/strict';
import { once } from 'node:events';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseSamples } from '../../core/drills/parse-samples.js';
import type { RoleSample, SampledRole } from '../../core/drills/samples.js';
import { AgentHost, freePorts, until } from './agent-host.js';

const WAITS =
  ' INFO | x is locked by another server. This broker is now in slave mode waiting a lock to be acquired | x\n';

describe('the recorder of roles', () => {
  let host: AgentHost;
  beforeEach(async () => {
    host = await AgentHost.make();
  });
  afterEach(() => host.remove());

  const samples = async (): Promise<RoleSample[]> =>
    parseSamples(await readFile(join(host.state, 'drills/d1/roles'), 'utf8').catch(() => ''), 'h1');
  const role = async (node: string): Promise<SampledRole | undefined> => (await samples()).at(-1)?.roles[node];
  const becomes = (node: string, wanted: SampledRole) =>
    until(`${node} is ${wanted}`, async () => (await role(node)) === wanted);
  const recorder = async (): Promise<number> =>
    Number((await readFile(join(host.state, 'drills/d1/recorder'), 'utf8').catch(() => '0')).split(' ')[0]);
  const isOver = () =>
    until('it is over', () =>
      access(join(host.state, 'drills/d1/recording')).then(
        () => false,
        () => true,
      ),
    );

  test('writes who serves, waits, starts, is frozen or down, by itself and until its end', async () => {
    const ports = await freePorts(2);
    await host.addBroker('mq1', ports);
    await host.addNode('mq2');
    await writeFile(join(host.base('mq2'), 'script'), WAITS);
    await host.addNode('mq3');
    await host.addNode('mq4', 'down');
    await host.run();
    const pid = await host.jvm('mq1');
    assert.deepEqual(await host.agent('record', 'd1', '60'), { code: 0, stdout: 'recording\n', stderr: '' });
    await becomes('mq1', 'master');
    await becomes('mq2', 'slave');
    assert.deepEqual([await role('mq3'), await role('mq4')], ['recovering', 'down']);
    process.kill(pid, 'SIGSTOP');
    await becomes('mq1', 'frozen');
    process.kill(pid, 'SIGKILL');
    await until('its death was seen', async () => (await samples()).some(({ roles }) => roles['mq1'] === 'down'));
    await becomes('mq1', 'master');
    await host.agent('record', 'd1', '0');
    await isOver();
    const count = (await samples()).length;
    await until('its process is gone', async () => (await recorder()) === 0);
    assert.equal((await samples()).length, count);
  });

  test('knows from its first sample on who waits', async () => {
    await host.addNode('mq1');
    await writeFile(join(host.base('mq1'), 'script'), WAITS);
    await host.run();
    await until('mq1 waits', async () => (await host.agent('waits', 'mq1')).code === 0);
    await host.agent('record', 'd1', '60');
    await until('there are samples of two seconds', async () => (await samples()).length >= 3);
    assert.deepEqual([...new Set((await samples()).map(({ roles }) => roles['mq1']))], ['slave']);
  });

  test('goes on after its own death and that of the agent, until its end', async () => {
    await host.addNode('mq1');
    const agent = await host.run();
    await host.agent('record', 'd1', '60');
    const first = await recorder();
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    process.kill(first, 'SIGKILL');
    await host.run();
    await until('another records', async () => ![0, first].includes(await recorder()));
    const count = (await samples()).length;
    await until('it writes', async () => (await samples()).length > count);
    await host.agent('record', 'd1', '0');
    await isOver();
  });

  test('ends at once when its time passed while nobody lived', async () => {
    await host.addNode('mq1');
    await mkdir(join(host.state, 'drills/d1'), { recursive: true });
    await writeFile(join(host.state, 'drills/d1/recording'), `${Date.now() - 1000}\n`);
    await host.run();
    await isOver();
    assert.deepEqual(await samples(), []);
  });
});
