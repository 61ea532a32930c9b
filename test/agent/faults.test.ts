import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { parseHealed, parseInjected, parseSighting } from '../../core/drills/parse-fault.js';
import type { FaultSighting } from '../../core/drills/host-fault.js';
import { AgentHost, until } from './agent-host.js';

const execute = promisify(execFile);

describe('the host agent breaks things on purpose', () => {
  let host: AgentHost;
  beforeEach(async () => {
    host = await AgentHost.make();
  });
  afterEach(() => host.remove());

  const running = async (node = 'mq1'): Promise<number> => {
    await host.addNode(node);
    await host.run();
    return host.jvm(node);
  };
  const inject = async (id: string, kind: string, ms: number, node = 'mq1') => {
    const { code, stdout, stderr } = await host.agent('fault', 'inject', id, kind, node, String(ms));
    assert.equal(code, 0, stderr);
    return parseInjected(stdout);
  };
  const refused = async (id: string, kind: string, node = 'mq1'): Promise<string> => {
    const { code, stdout, stderr } = await host.agent('fault', 'inject', id, kind, node, '1000');
    assert.equal(stdout, '');
    return `${code} ${stderr.trim()}`;
  };
  const heal = async (id: string) => {
    const { code, stdout, stderr } = await host.agent('fault', 'heal', id);
    assert.equal(code, 0, stderr);
    return parseHealed(stdout).by;
  };
  const look = async (id: string): Promise<FaultSighting> =>
    parseSighting((await host.agent('fault', 'look', id)).stdout);
  const gone = (id: string) => until(`${id} is gone`, async () => !(await look(id)).present);
  const healedBy = async (id: string): Promise<string> => {
    await until(`${id} is over`, async () => await isThere(join(host.state, 'faults', id, 'healed')));
    return (await readFile(join(host.state, 'faults', id, 'healed'), 'utf8')).split(' ')[1] ?? '';
  };
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  const letter = async (pid: number): Promise<string | undefined> =>
    /\) (\w)/.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))?.[1];

  /** Its time is counted by the clock of a boot: in another it is over. */
  const timeIsUp = async (id: string): Promise<void> => {
    const armed = join(host.state, 'faults', id, 'armed');
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    await writeFile(armed, (await readFile(armed, 'utf8')).replace(boot, 'another'));
  };

  test('kills a JVM, says when, and the node is back by itself', async () => {
    const pid = await running();
    const before = Date.now();
    const { at } = await inject('f1', 'kill', 0);
    assert.ok(at >= before - 5 && at <= Date.now());
    const next = await host.jvm('mq1', pid);
    await gone('f1');
    assert.deepEqual(await inject('f1', 'kill', 0), { at, detail: `kill mq1: pid ${pid}` });
    assert.deepEqual(await host.jvms('mq1'), [next]);
    assert.equal(await healedBy('f1'), 'itself');
  });

  test('starts a node that it kills again and again as soon as the first time', async () => {
    let pid = await running();
    for (const id of ['f1', 'f2', 'f3', 'f4', 'f5']) {
      await inject(id, 'kill', 0);
      assert.deepEqual(await host.jvms('mq1'), []);
      pid = await host.jvm('mq1', pid);
    }
    const delays = (await host.events()).filter((line) => line.includes(' mq1 backoff '));
    assert.deepEqual(
      delays.map((line) => / backoff (.*)$/.exec(line)?.[1]),
      ['500 ms', '500 ms', '500 ms', '500 ms', '500 ms'],
    );
    process.kill(pid, 'SIGKILL');
    pid = await host.jvm('mq1', pid);
    process.kill(pid, 'SIGKILL');
    await until('two deaths of its own put it off', async () =>
      (await host.events()).some((line) => line.endsWith('backoff 2000 ms')),
    );
  });

  test('keeps a killed node down until its time, and no call is needed to bring it back', async () => {
    await running();
    await inject('f1', 'kill', 1500);
    await inject('f1', 'kill', 1500);
    const events = (await host.events()).filter((line) => / mq1 (exited|stopped|killed)/.test(line));
    await until('its end was noted', async () => (await host.events()).some((line) => line.includes('mq1 exited')));
    assert.ok(
      events.every((line) => line.includes('exited')),
      'no TERM came before the KILL',
    );
    assert.deepEqual(await host.jvms('mq1'), []);
    assert.deepEqual({ ...(await look('f1')), detail: '' }, { present: true, expired: false, detail: '' });
    await host.jvm('mq1');
    await gone('f1');
    assert.equal(await healedBy('f1'), 'timer');
    assert.equal((await look('f1')).expired, true);
    assert.equal(await heal('f1'), 'dead-man timer');
  });

  test('stops a node and starts it again when it is told to before its time', async () => {
    await running();
    await inject('f1', 'stop', 60_000);
    await until('it is stopped', async () => (await host.events()).some((line) => line.includes('mq1 stopped')));
    assert.equal((await look('f1')).present, true);
    assert.equal(await heal('f1'), 'drill');
    assert.equal(await heal('f1'), 'drill');
    assert.equal((await look('f1')).present, false);
    assert.equal((await host.jvms('mq1')).length, 1);
  });

  test('freezes a JVM and lets it go on when its time is up', async () => {
    const pid = await running();
    await inject('f1', 'freeze', 1000);
    assert.equal(await letter(pid), 'T');
    assert.equal((await look('f1')).present, true);
    await gone('f1');
    assert.equal(await healedBy('f1'), 'timer');
    assert.deepEqual(await host.jvms('mq1'), [pid]);
  });

  test('lets a frozen JVM go on by a call; looks at the process and not at its own notes', async () => {
    const pid = await running();
    await inject('f1', 'freeze', 60_000);
    assert.equal(await heal('f1'), 'drill');
    assert.notEqual(await letter(pid), 'T');
    process.kill(pid, 'SIGSTOP');
    await until('it is seen to be stopped', async () => (await look('f1')).present);
    process.kill(pid, 'SIGCONT');
    await gone('f1');
  });

  test('heals after its own death as well, as soon as it lives again', async () => {
    await host.addNode('mq1');
    const agent = await host.run();
    const pid = await host.jvm('mq1');
    await inject('f1', 'freeze', 500);
    agent.kill('SIGKILL');
    await once(agent, 'exit');
    await host.run();
    await gone('f1');
    assert.equal(await healedBy('f1'), 'timer');
    assert.notEqual(await letter(pid), 'T');
  });

  test('takes a boot in between for the end of the hold', async () => {
    const pid = await running();
    await inject('f1', 'freeze', 600_000);
    await timeIsUp('f1');
    await gone('f1');
    assert.notEqual(await letter(pid), 'T');
  });

  test('says that a frozen JVM is gone when somebody else has killed it', async () => {
    const pid = await running();
    await inject('f1', 'freeze', 60_000);
    process.kill(pid, 'SIGKILL');
    assert.equal(await healedBy('f1'), 'itself');
    assert.equal((await look('f1')).present, false);
  });

  test('replaces a lock file; a broker that minds it needs no healing, one that does not is made to', async () => {
    await host.addNode('mq1');
    const [base, lock] = [host.base('mq1'), join(host.base('mq1'), 'data/kahadb/lock')];
    await writeFile(join(base, 'locks'), '');
    await writeFile(join(base, 'minds'), '');
    await host.run();
    const pid = await host.jvm('mq1');
    await until('it has its lock', () => isThere(lock));
    const { ino } = await stat(lock);
    await inject('f1', 'replace-lock', 0);
    assert.notEqual((await stat(lock)).ino, ino);
    await gone('f1');
    assert.equal(await heal('f1'), 'by itself');
    await rm(join(base, 'minds'));
    await inject('f2', 'replace-lock', 0);
    assert.equal((await look('f2')).present, true);
    assert.equal(await heal('f2'), 'drill');
    const next = await host.jvm('mq1', pid);
    await until(
      'it has the new lock',
      async () =>
        await access(`/proc/${next}/fd/3`).then(
          () => true,
          () => false,
        ),
    );
    await inject('f3', 'replace-lock', 0);
    await timeIsUp('f3');
    assert.equal(await healedBy('f3'), 'timer');
    assert.notEqual(await host.jvm('mq1', next), next);
  });

  test('fills a small file system until nothing is left, and empties it again', async (t) => {
    await host.addNode('mq1');
    const store = join(host.base('mq1'), 'data/kahadb');
    try {
      await execute('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', store]);
    } catch {
      t.skip('mounting needs root');
      return;
    }
    try {
      await host.run();
      await host.jvm('mq1');
      await inject('f1', 'disk-full', 60_000);
      await assert.rejects(writeFile(join(store, 'db-1.log'), 'x'.repeat(5000)), /ENOSPC/);
      await inject('f1', 'disk-full', 60_000);
      assert.equal((await look('f1')).present, true);
      assert.equal(await heal('f1'), 'drill');
      await writeFile(join(store, 'db-1.log'), 'x'.repeat(5000));
      await inject('f2', 'disk-full', 500);
      await gone('f2');
      assert.equal(await healedBy('f2'), 'timer');
    } finally {
      await execute('umount', ['-l', store]);
    }
  });

  test('restarts a service that it keeps', async () => {
    await host.addNode('data1', 'up', 5, { COMMAND: join(host.root, 'server') });
    await mkdir(join(host.base('data1'), 'data/db'), { recursive: true });
    await writeFile(join(host.root, 'server'), '#!/bin/sh\ntrap "exit 0" TERM\nwhile :; do sleep 0.05; done\n', {
      mode: 0o755,
    });
    await writeFile(join(host.base('data1'), 'conf/java.args'), `--pid-file=${host.base('data1')}/data/server.pid\n`);
    await host.run();
    const starts = async () => Number(await readFile(host.nodeState('data1', 'starts'), 'utf8').catch(() => '0'));
    await until('it runs', async () => (await starts()) === 1);
    await inject('f1', 'restart-service', 0, 'data1');
    assert.equal((await look('f1')).present, true);
    await until('it was started again', async () => (await starts()) === 2);
    await gone('f1');
    assert.match(await refused('f2', 'freeze', 'data1'), /^6 .*data1 is no broker/);
    await host.agent('down', 'data1');
  });

  test('refuses what it could not heal or must not do, and breaks nothing then', async () => {
    await host.addNode('mq1');
    assert.match(await refused('f1', 'freeze'), /^5 .*no agent runs/);
    await host.run();
    const pid = await host.jvm('mq1');
    assert.match(await refused('f1', 'disk-full'), /^6 .*file system/);
    for (const [kind, node, said] of [
      ['disk-full', 'mq1', /^6 .*file system/],
      ['replace-lock', 'mq1', /^6 .*no lock file/],
      ['kill', 'mq2', /^3 .*mq2 has no launch file/],
      ['kill', 'mq1', /^0 $/],
    ] as const) {
      const { code, stderr } = await host.agent('fault', 'check', kind, node);
      assert.match(`${code} ${stderr.trim()}`, said, 'it is told before anything is done');
    }
    assert.match(await refused('f1', 'restart-service'), /^6 .*no service/);
    assert.match(await refused('f1', 'replace-lock'), /^6 .*no lock file/);
    assert.match(await refused('f1', 'melt'), /^2 .*no such fault/);
    assert.match(await refused('f1', 'kill', 'mq2'), /^3 .*mq2 has no launch file/);
    assert.match(await refused('../f1', 'kill'), /^2 /);
    await inject('f2', 'freeze', 60_000);
    assert.match(await refused('f3', 'kill'), /^6 .*another fault holds mq1/);
    await heal('f2');
    await host.agent('down', 'mq1');
    assert.match(await refused('f4', 'kill'), /^3 .*mq1 does not run/);
    assert.deepEqual(
      (await host.events()).filter((line) => line.includes('exited')),
      [],
    );
    assert.equal(await letter(pid), undefined);
  });

  test('does nothing for a command that comes after its healing', async () => {
    const pid = await running();
    assert.equal(await heal('f1'), 'by itself');
    assert.match(await refused('f1', 'kill'), /^6 .*healed before it was done/);
    assert.deepEqual(await host.jvms('mq1'), [pid]);
    assert.equal((await look('f1')).present, false);
  });
});
