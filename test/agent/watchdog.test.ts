import assert from 'node:assert/strict';
import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AgentHost, freePorts, until } from './agent-host.js';

const STARTS = ' INFO | Apache ActiveMQ 5.16.7 (brokerA, ID:1) is starting | x\n';
const HAS_SHUT_DOWN = ' INFO | Apache ActiveMQ 5.16.7 (brokerA, ID:1) is shutdown | x\n';

/** All on one host at once: what is waited for is the time that a hang may take. */
describe('the watchdog of the host agent', () => {
  let host: AgentHost;
  const pids: Record<string, number> = {};
  const fenced = async (node: string): Promise<string | undefined> =>
    (await host.events()).find((line) => line.includes(` ${node} watchdog-fenced `));
  const serves = (node: string) =>
    until(`${node} is seen to serve`, () =>
      access(host.nodeState(node, 'serves')).then(
        () => true,
        () => false,
      ),
    );

  before(async () => {
    host = await AgentHost.make();
    const free = await freePorts(10);
    const ports = () => free.splice(0, 2);
    const patient = { WATCHDOG_SECONDS: '3' };
    await host.addBroker('frozen', ports(), patient);
    await host.addBroker('hanging', ports(), patient);
    await host.addBroker('paused', ports(), patient);
    await host.addBroker('unwatched', ports());
    await host.addBroker('healthy', ports(), patient);
    await host.addBroker('recovering', [], patient);
    await host.addBroker('slow', [], patient);
    await host.addNode('ended', 'up', 5, patient);
    await host.addNode('again', 'up', 5, patient);
    await writeFile(join(host.base('ended'), 'script'), STARTS + HAS_SHUT_DOWN);
    await writeFile(join(host.base('again'), 'script'), STARTS + HAS_SHUT_DOWN + STARTS);
    await host.run();
    for (const node of ['frozen', 'hanging', 'paused', 'unwatched', 'healthy', 'recovering', 'slow', 'ended', 'again'])
      pids[node] = await host.jvm(node);
    for (const node of ['frozen', 'hanging', 'paused', 'healthy']) await serves(node);
    const to = (node: string, signal: NodeJS.Signals) => process.kill(pids[node] ?? 0, signal);
    for (const node of ['frozen', 'paused', 'unwatched', 'recovering']) to(node, 'SIGSTOP');
    for (const node of ['hanging', 'slow']) to(node, 'SIGUSR2');
    await pause(1000);
    to('paused', 'SIGCONT');
  });
  after(async () => {
    await host.remove();
  });

  test('fences a broker that serves and is stopped, which then starts again as after any death', async () => {
    await until('it is fenced', async () => (await fenced('frozen')) !== undefined);
    assert.match((await fenced('frozen')) ?? '', /was stopped \(state T\) for 3 s$/);
    await host.jvm('frozen', pids['frozen']);
  });

  test('fences a broker that serves and answers nothing', async () => {
    await until('it is fenced', async () => (await fenced('hanging')) !== undefined);
    assert.match((await fenced('hanging')) ?? '', /answered nothing for \d+ s$/);
    await host.jvm('hanging', pids['hanging']);
  });

  test('fences a broker that has shut down and whose JVM lives on', async () => {
    await until('it is fenced', async () => (await fenced('ended')) !== undefined);
    assert.match((await fenced('ended')) ?? '', /had shut down for \d+ s$/);
    await host.jvm('ended', pids['ended']);
  });

  test('leaves all others alone: one that goes on in time, one that answers, one that has not served yet, one that starts after a shutdown, one that nobody watches', async () => {
    for (const node of ['paused', 'again', 'healthy', 'recovering', 'slow', 'unwatched']) {
      assert.equal(await fenced(node), undefined, node);
      assert.deepEqual(await host.jvms(node), [pids[node]], node);
    }
  });
});
