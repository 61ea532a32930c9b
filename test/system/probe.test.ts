import { test, describe, before, after } from 'node:test';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { PROBE_USER, PROBE_QUEUE_PREFIX } from '../../core/naming.js';
import type { TaskReport } from '../../core/probe-report.js';
import { probeUrl, type ProbeTask, type RouteTask } from '../../core/probe-request.js';
import { runProbe, type ProbeSetup } from '../../probes/jms-probe.js';
import { readBroker } from '../../probes/jolokia.js';
import { freePort } from '../support/free-port.js';
import { ISLAND, removeWork, startLocalBroker, unpackActivemq, type LocalBroker } from '../support/local-broker.js';
import { localHost } from '../support/local-host.js';

const PASSWORD = 'pr0be-Secret-of-this-test';
const CONSOLE = { user: 'ops', password: 'c0nsole-Secret-of-this-test' };
const JAR = join(process.cwd(), 'dist', 'probe', 'everbroker-probe.jar');
const TIMEOUT_MS = 20_000;

describe('the JMS probe with two bridged brokers', { timeout: 300_000 }, () => {
  const host = localHost();
  let work: string;
  let home: string;
  let a: LocalBroker;
  let b: LocalBroker;
  let deadPort: number;
  const javaHome = dirname(
    dirname(realpathSync(execFileSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).trim())),
  );

  before(async () => {
    ({ work, home } = unpackActivemq());
    execFileSync(process.execPath, ['probe/build.mjs', home]);
    deadPort = await freePort();
    const common = { work, home, consolePassword: CONSOLE.password, probePassword: PASSWORD };
    b = await startLocalBroker({ ...common, name: 'brokerB', openwire: await freePort() });
    a = await startLocalBroker({ ...common, name: 'brokerA', openwire: await freePort(), bridgeTo: b.openwire });
  });
  after(async () => {
    await Promise.allSettled([a?.kill('SIGKILL'), b?.kill('SIGKILL')]);
    if (work) removeWork(work);
  });

  const url = (port: number, timeoutMs = TIMEOUT_MS) => probeUrl([{ address: '127.0.0.1', port }], timeoutMs);
  const setup = (login?: ProbeSetup['login']): ProbeSetup => ({
    javaHome,
    activemqHome: home,
    jar: JAR,
    login: login ?? { file: a.credentialsFile },
  });
  const route = (name: string, change: Partial<RouteTask> = {}): RouteTask => ({
    task: 'route',
    name,
    queue: `${PROBE_QUEUE_PREFIX}TEST.${name}`,
    from: url(a.openwire),
    to: url(a.openwire),
    count: 30,
    size: 500,
    timeoutMs: TIMEOUT_MS,
    cleanup: true,
    ...change,
  });
  async function probe(tasks: ProbeTask[], login?: ProbeSetup['login']): Promise<TaskReport[]> {
    const result = await runProbe(host, { run: 'test', user: PROBE_USER, tasks }, { setup: setup(login) });
    assert.equal(result.state, 'reported', JSON.stringify(result));
    return result.state === 'reported' ? result.reports : [];
  }
  const jolokia = async (path: string): Promise<string> => {
    const authorization = `Basic ${Buffer.from(`${CONSOLE.user}:${CONSOLE.password}`).toString('base64')}`;
    const headers = { authorization, origin: 'http://localhost' };
    return (await fetch(`http://127.0.0.1:${a.console}/api/jolokia/${path}`, { headers })).text();
  };

  test('counts every message of both directions of a bridge and of a group itself, and deletes its queues', async () => {
    const both = { from: url(a.openwire), to: url(b.openwire) };
    const reports = await probe([route('own'), route('forth', both), route('back', { from: both.to, to: both.from })]);
    assert.deepEqual(
      reports.map(({ name }) => name),
      ['own', 'forth', 'back'],
    );
    for (const report of reports) {
      assert.ok(report.task === 'route' && report.outcome === 'complete', JSON.stringify(report));
      const { acknowledged, received, lost, duplicated, unexpected, cleanupFrom, cleanupTo } = report;
      assert.deepEqual(
        { acknowledged, received, lost, duplicated, unexpected },
        {
          acknowledged: 30,
          received: 30,
          lost: 0,
          duplicated: 0,
          unexpected: 0,
        },
      );
      assert.equal(cleanupFrom, 'deleted');
      assert.equal(cleanupTo, report.name === 'own' ? undefined : 'deleted');
    }
    const queues = await jolokia(
      'search/org.apache.activemq:type=Broker,brokerName=*,destinationType=Queue,destinationName=*',
    );
    assert.doesNotMatch(queues, /EVERBROKER\.TEST/);
  });

  test('leaves acknowledged messages that a later run finds all', async () => {
    const queue = `${PROBE_QUEUE_PREFIX}TEST.kept`;
    const [produced] = await probe([
      { task: 'produce', name: 'keep', queue, from: url(a.openwire), count: 25, timeoutMs: TIMEOUT_MS },
    ]);
    assert.ok(produced?.task === 'produce' && produced.outcome === 'complete', JSON.stringify(produced));
    assert.equal(produced.acknowledgedIds, '0-24');
    const [drained] = await probe([
      { task: 'drain', name: 'take', queue, to: url(a.openwire), timeoutMs: TIMEOUT_MS, cleanup: true },
    ]);
    assert.ok(drained?.task === 'drain' && drained.outcome === 'complete', JSON.stringify(drained));
    assert.equal(drained.receivedIds, '0-24');
    assert.equal(drained.cleanupTo, 'deleted');
  });

  test('tells messages that no bridge carries, stuck where they were sent, from lost ones', async () => {
    const [report] = await probe([route('island', { queue: ISLAND, to: url(b.openwire), count: 5, timeoutMs: 4_000 })]);
    assert.ok(report?.task === 'route' && report.outcome === 'incomplete', JSON.stringify(report));
    const { acknowledged, received, missing, missingIds, stuck, lost } = report;
    assert.deepEqual(
      { acknowledged, received, missing, missingIds, stuck, lost },
      { acknowledged: 5, received: 0, missing: 5, missingIds: '0-4', stuck: 5, lost: 0 },
    );
    assert.deepEqual([report.cleanupFrom, report.cleanupTo], ['deleted', 'deleted']);
  });

  test('counts messages of other runs as unexpected', async () => {
    const queue = `${PROBE_QUEUE_PREFIX}TEST.foreign`;
    const produce: ProbeTask = {
      task: 'produce',
      name: 'p',
      queue,
      from: url(a.openwire),
      count: 3,
      timeoutMs: TIMEOUT_MS,
    };
    const other = await runProbe(host, { run: 'other', user: PROBE_USER, tasks: [produce] }, { setup: setup() });
    assert.equal(other.state, 'reported', JSON.stringify(other));
    const [report] = await probe([route('foreign', { count: 2 })]);
    assert.ok(report?.task === 'route' && report.outcome === 'incomplete', JSON.stringify(report));
    assert.deepEqual([report.received, report.unexpected, report.lost], [2, 3, 0]);
  });

  test('the probe itself refuses a queue that is not Everbroker’s, with nothing of the request in its message', async () => {
    const path = [JAR, ...readdirSync(join(home, 'lib')).map((name) => join(home, 'lib', name))].join(':');
    const stdin = `password=${PASSWORD}\ntask=drain\nname=d\nrun=r\nqueue=ORDERS\nto=${url(a.openwire)}\n`;
    const argv = [join(javaHome, 'bin', 'java'), '-cp', path, 'everbroker.probe.Probe'];
    const { exitCode, stdout, stderr } = await host.exec(argv, { timeoutMs: TIMEOUT_MS, stdin });
    assert.deepEqual([exitCode, stdout], [2, '']);
    assert.match(stderr, /below EVERBROKER\./);
    assert.ok(!stderr.includes(PASSWORD));
  });

  test('tells a refused login from a dead port, and a right login from both', async () => {
    const login = (name: string, port: number, anonymous = false): ProbeTask => ({
      task: 'login',
      name,
      from: url(port, 2_000),
      timeoutMs: 2_000,
      anonymous,
    });
    const [right, anonymous, dead] = await probe([
      login('right', a.openwire),
      login('anonymous', a.openwire, true),
      login('dead', deadPort),
    ]);
    assert.equal(right?.outcome, 'ok', JSON.stringify(right));
    assert.equal(anonymous?.outcome, 'refused', JSON.stringify(anonymous));
    assert.equal(dead?.outcome, 'unreachable', JSON.stringify(dead));
    const [wrong, wrongRoute] = await probe([login('wrong', a.openwire), route('wrong-route')], { password: 'not-it' });
    assert.equal(wrong?.outcome, 'refused', JSON.stringify(wrong));
    assert.equal(wrongRoute?.outcome, 'refused', JSON.stringify(wrongRoute));
  });

  test('says which thing it lacks on the host', async () => {
    const run = async (change: Partial<ProbeSetup>) => {
      const request = { run: 'x', user: PROBE_USER, tasks: [route('r')] };
      const result = await runProbe(host, request, { setup: { ...setup(), ...change } });
      return result.state === 'unusable' ? result.reason : result.state;
    };
    assert.equal(await run({ javaHome: '/nowhere' }), 'no-java');
    assert.equal(await run({ activemqHome: '/nowhere' }), 'no-client');
    assert.equal(await run({ jar: '/nowhere.jar' }), 'no-jar');
    assert.equal(await run({ login: { file: '/nowhere' } }), 'no-password');
  });

  test('reads the broker and both ends of its bridge over Jolokia, and says why when it cannot', async () => {
    const ask = (port: number, password = CONSOLE.password) =>
      readBroker(host, { port, login: { ...CONSOLE, password }, timeoutMs: TIMEOUT_MS });
    const [dialler, dialled] = await Promise.all([ask(a.console), ask(b.console)]);
    assert.ok(dialler.state === 'answered' && dialled.state === 'answered', JSON.stringify([dialler, dialled]));
    const { brokerName, version, isSlave, status } = dialler.broker;
    assert.deepEqual(
      { brokerName, version, isSlave, status },
      {
        brokerName: 'brokerA',
        version: '5.18.3',
        isSlave: false,
        status: 'Good',
      },
    );
    assert.deepEqual(
      dialler.broker.bridges.map(({ kind, connector, remoteBroker }) => ({ kind, connector, remoteBroker })),
      [{ kind: 'networkConnectors', connector: 'toB', remoteBroker: 'brokerB' }],
    );
    assert.deepEqual(
      dialled.broker.bridges.map(({ kind, remoteBroker }) => ({ kind, remoteBroker })),
      [{ kind: 'duplexNetworkConnectors', remoteBroker: 'brokerA' }],
    );
    assert.deepEqual(await ask(a.console, 'wrong'), { state: 'unauthorized' });
    assert.deepEqual(await ask(deadPort), { state: 'refused', detail: 'ECONNREFUSED' });
  });

  // the last test: it kills broker A
  test('reports a broker that is killed in the middle of a route, shows no password meanwhile, and does not hang', async () => {
    const endless = route('cut', {
      from: url(a.openwire, 1_500),
      to: url(a.openwire, 1_500),
      count: 1_000_000,
      timeoutMs: 10_000,
    });
    const running = probe([endless]);
    await untilMessagesFlow(() =>
      jolokia(
        `read/org.apache.activemq:type=Broker,brokerName=brokerA,destinationType=Queue,destinationName=${endless.queue}/EnqueueCount`,
      ),
    );
    const shown = everythingThatProcessesShow();
    assert.ok(shown.probes > 0, 'the probe is among the processes looked at');
    assert.ok(!shown.text.includes(PASSWORD), 'no argv and no environment holds the password');
    await a.kill('SIGKILL');
    const [report] = await running;
    assert.ok(report?.task === 'route' && report.outcome === 'incomplete', JSON.stringify(report));
    assert.ok(report.acknowledged > 0 && report.unknown > 0, JSON.stringify(report));
    assert.ok(report.acknowledged + report.failed + report.unknown + report.unsent === report.asked);
    assert.equal(report.cleanupFrom, 'not connected');
    assert.ok(
      report.errors.some(({ where }) => where === 'producer'),
      JSON.stringify(report.errors),
    );
  });
});

async function untilMessagesFlow(readCount: () => Promise<string>): Promise<void> {
  const end = Date.now() + 9_000;
  while (Date.now() < end) {
    if (/"value":[1-9]\d\d/.test(await readCount())) return;
    await delay(50);
  }
  throw new Error('no messages flowed');
}

/** Argument lists and environments of all processes that are not this test's own. */
function everythingThatProcessesShow(): { text: string; probes: number } {
  let text = '';
  let probes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const shown = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
      if (shown.includes('everbroker.probe.Probe')) probes += 1;
      text += shown;
    } catch {
      // ended meanwhile
    }
  }
  return { text, probes };
}
