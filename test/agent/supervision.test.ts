import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseObservation } from '../../core/health/parse-observation.js';
import { AgentHost, until } from './agent-host.js';

describe('the host agent supervises', () => {
  let host: AgentHost;
  beforeEach(async () => {
    host = await AgentHost.make();
  });
  afterEach(() => host.remove());

  const startsOf = async (node: string): Promise<number> =>
    Number(await readFile(host.nodeState(node, 'starts'), 'utf8').catch(() => '0'));

  test('starts a node that is meant to be up, with exactly the argv of its launch file', async () => {
    await host.addNode('mq1');
    await host.run();
    const pid = await host.jvm('mq1');
    await until('sh has become the JVM', async () =>
      (await readFile(`/proc/${pid}/cmdline`, 'utf8')).startsWith(`/bin/sh\0${host.state}/java/bin/java\0`),
    );
    const argv = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').slice(2, -1);
    const home = join(host.root, '.activemq/apache-activemq-5.18.3');
    assert.deepEqual(argv, [
      `-Dactivemq.base=${host.base('mq1')}`,
      `-Dactivemq.home=${home}`,
      `@${host.base('mq1')}/conf/java.args`,
    ]);
  });

  test('starts a node again after kill -9, at once the first time and then more and more slowly', async () => {
    await host.addNode('mq1');
    await host.run();
    const first = await host.jvm('mq1');
    assert.equal((await host.agent('kill', 'mq1')).code, 0);
    const second = await host.jvm('mq1', first);
    process.kill(second, 'SIGKILL');
    await host.jvm('mq1', second);
    const delays = (await host.events())
      .filter((line) => line.includes('mq1 backoff'))
      .map((line) => line.split(' ')[3]);
    assert.deepEqual(delays, ['500', '1000']);
    assert.equal(await startsOf('mq1'), 3);
  });

  test('waits for what is missing, says so once, and starts when it is there', async () => {
    await host.addNode('mq1');
    const marker = join(host.root, '.activemq/apache-activemq-5.18.3/.complete');
    await rm(marker);
    await host.run();
    const waits = async () => (await host.events()).filter((line) => line.includes('mq1 waiting-for home'));
    await until('it waits', async () => (await waits()).length > 0);
    assert.deepEqual(await host.jvms('mq1'), []);
    await writeFile(marker, '');
    await host.jvm('mq1');
    assert.equal((await waits()).length, 1);
  });

  test('finds the running JVM again after it was killed itself, and starts no second one', async () => {
    await host.addNode('mq1');
    const agent = await host.run();
    const pid = await host.jvm('mq1');
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await host.run();
    await until('it is adopted', async () =>
      (await host.events()).some((line) => line.endsWith(`mq1 adopted pid ${pid}`)),
    );
    assert.deepEqual(await host.jvms('mq1'), [pid]);
    assert.equal(await startsOf('mq1'), 1);
    process.kill(pid, 'SIGKILL');
    assert.notEqual(await host.jvm('mq1', pid), pid);
  });

  test('takes mq10 not for mq1', async () => {
    await host.addNode('mq10');
    await host.addNode('mq1', 'down');
    await host.run();
    const ten = await host.jvm('mq10');
    assert.equal((await host.agent('down', 'mq1')).stdout, 'already\n');
    assert.equal((await host.agent('up', 'mq1')).stdout, 'started\n');
    assert.equal((await host.agent('down', 'mq1')).stdout, 'stopped\n');
    assert.deepEqual(await host.jvms('mq10'), [ten]);
  });

  test('believes /proc, not a stale pid', async () => {
    await host.addNode('mq1');
    await writeFile(host.nodeState('mq1', 'state'), `${process.pid} 1 0 0 0\n`);
    await host.run();
    assert.notEqual(await host.jvm('mq1'), process.pid);
    assert.equal((await host.agent('down', 'mq1')).stdout, 'stopped\n');
  });

  test('stops all nodes gracefully on TERM, leaves what is wanted of them, and exits with 0', async () => {
    await host.addNode('mq1');
    await host.addNode('mq2');
    const agent = await host.run();
    await host.jvm('mq1');
    await host.jvm('mq2');
    agent.kill('SIGTERM');
    assert.deepEqual(await once(agent, 'exit'), [0, null]);
    assert.deepEqual([await host.jvms('mq1'), await host.jvms('mq2')], [[], []]);
    assert.equal(await readFile(host.nodeState('mq1', 'desired'), 'utf8'), 'up\n');
    assert.equal((await host.events()).filter((line) => / mq\d stopped /.test(line)).length, 2);
  });

  test('kills a node that ignores TERM, and says so', async () => {
    await host.addNode('mq1', 'up', 1);
    await writeFile(join(host.base('mq1'), 'stubborn'), '');
    await host.run();
    const pid = await host.jvm('mq1');
    await until('TERM is ignored', async () =>
      /^SigIgn:\s*\w*4\w{3}$/m.test(await readFile(`/proc/${pid}/status`, 'utf8')),
    );
    assert.deepEqual(await host.agent('fence', 'mq1'), { code: 0, stdout: 'killed\n', stderr: '' });
    assert.equal(await readFile(host.nodeState('mq1', 'desired'), 'utf8'), 'fenced\n');
  });

  test('refuses to run twice', async () => {
    await host.run();
    const second = await host.agent('run');
    assert.equal(second.code, 1);
    assert.match(second.stderr, /another agent runs already/);
  });

  test('keeps a node down until its time, and then brings it up by itself', async () => {
    await host.addNode('mq1');
    await host.run();
    await host.jvm('mq1');
    const [uptime] = (await readFile('/proc/uptime', 'utf8')).split(' ');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(host.nodeState('mq1', 'down-until'), `${Math.floor(Number(uptime) * 100) + 200} ${boot}\n`);
    await until('it is down', async () => (await host.jvms('mq1')).length === 0);
    await host.jvm('mq1');
    assert.ok((await host.events()).some((line) => line.includes('mq1 down-until')));
  });

  test('becomes the newer agent that is put in its place, and the nodes live on', async () => {
    await host.addNode('mq1');
    await host.run();
    const pid = await host.jvm('mq1');
    const file = join(host.state, 'agent.sh');
    const text = await readFile(file, 'utf8');
    await writeFile(`${file}.new`, `${text}\n# newer\n`);
    await rename(`${file}.new`, file);
    await until('it is replaced', async () =>
      (await host.events()).some((line) => line.includes(`mq1 adopted pid ${pid}`)),
    );
    assert.deepEqual(await host.jvms('mq1'), [pid]);
    assert.equal((await host.agent('down', 'mq1')).stdout, 'stopped\n');
  });

  test('is told to be down while it is stopped (SIGSTOP), although it holds its lock, and goes on when it is woken', async () => {
    await host.addNode('mq1', 'down');
    const agent = await host.run();
    const runs = async (): Promise<boolean> => parseObservation((await host.observe('mq1')).stdout).inside.agentRunning;
    assert.equal(await runs(), true);
    agent.kill('SIGSTOP');
    await until('it is seen to be down', async () => !(await runs()));
    const refused = await host.agent('up', 'mq1');
    assert.deepEqual([refused.code, refused.stderr], [5, 'agent: no agent runs that could start mq1\n']);
    assert.equal((await host.agent('wake')).code, 0);
    assert.equal(await runs(), true);
    assert.equal((await host.agent('up', 'mq1')).stdout, 'started\n');
  });

  test('is told to be down when it has died, and waking it does nothing', async () => {
    const agent = await host.run();
    agent.kill('SIGKILL');
    await until('it is seen to be down', async () => {
      return !parseObservation((await host.observe()).stdout).inside.agentRunning;
    });
    assert.equal((await host.agent('wake')).code, 0);
  });
});
