/**
 * The rendered configuration in real brokers of this machine: two nodes of one group on one store, of a version whose
 * distribution is in the artefact cache.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Distribution } from '../../core/activemq/distribution.js';
import { classPathJars, renderCredentials, renderNode, requiredShipped } from '../../core/activemq/render.js';
import { activemqHome, nodeBase, nodeLog } from '../../core/layout.js';
import { nodeNamed, type Topology } from '../../core/topology/topology.js';
import { freePort } from './free-port.js';
import { aParsedTopology } from './topologies.js';

const CACHE = process.env['EVERBROKER_CACHE'] ?? join(process.cwd(), '.everbroker', 'cache');
/** For `skip`: why there is nothing to try it with. */
export const isMissing = (version: string): boolean => !existsSync(join(CACHE, archiveOf(version)));
const archiveOf = (version: string): string => `apache-activemq-${version}-bin.tar.gz`;

/** With what Properties, XML and Spring would mangle if it were not escaped. */
const PASSWORD = ' p=a:s\\s<&>"\'! ü$x';
const login = (user: string) => ({ user, password: `${user}${PASSWORD}` });
const SECRETS = {
  version: 1,
  console: { user: 'ops', password: 'c0nsole\\=<&>"$x' },
  client: login('app'),
  bridge: login('everbroker-bridge'),
  probe: login('everbroker-probe'),
  system: login('everbroker-system'),
  stores: {},
};

export class RenderedGroup {
  readonly root = mkdtempSync(join(tmpdir(), 'everbroker-rendered-'));
  readonly topology: Topology;
  readonly #distribution: Distribution;
  readonly #running = new Map<string, ChildProcess>();

  private constructor(version: string, ports: number[], changes: Partial<Topology>) {
    const [a = 0, b = 0, c = 0, d = 0] = ports;
    const base = aParsedTopology({ groups: 1, version });
    const store = { kind: 'kahadb' as const, directory: `${this.root}/store`, lockPollMs: 250, lockKeepAliveMs: 1000 };
    const nodes = { n1: { host: 'h1', openwire: a, console: b }, n2: { host: 'h1', openwire: c, console: d } };
    this.topology = { ...base, ...changes, root: this.root, groups: { g1: { store, nodes } } };
    this.#distribution = this.#unpack(version);
    mkdirSync(store.directory);
  }

  static async of(version: string, changes: Partial<Topology> = {}): Promise<RenderedGroup> {
    return new RenderedGroup(version, await Promise.all([freePort(), freePort(), freePort(), freePort()]), changes);
  }

  #unpack(version: string): Distribution {
    const home = activemqHome(this.topology);
    mkdirSync(home, { recursive: true });
    execFileSync('tar', ['-xzf', join(CACHE, archiveOf(version)), '-C', home, '--strip-components=1']);
    const files = readdirSync(home, { recursive: true, encoding: 'utf8' });
    const shipped = requiredShipped(version).map((path) => [path, readFileSync(join(home, path), 'utf8')] as const);
    return { version, sha512: '', jars: classPathJars(files), shipped: Object.fromEntries(shipped) };
  }

  start(name: string): void {
    const node = nodeNamed(this.topology, name);
    const base = nodeBase(this.topology, name);
    for (const directory of ['conf', 'data', 'tmp']) mkdirSync(join(base, directory), { recursive: true });
    const files = [
      ...renderNode(this.topology, node, this.#distribution),
      renderCredentials(this.topology, node, SECRETS),
    ].filter((file) => dirname(file.path) === join(base, 'conf'));
    for (const { path, content, mode } of files) writeFileSync(path, content, { mode });
    const home = activemqHome(this.topology);
    const out = openSync(this.outputFile(name), 'w');
    const argv = [`-Dactivemq.base=${base}`, `-Dactivemq.home=${home}`, `@${base}/conf/java.args`];
    this.#running.set(name, spawn('java', argv, { cwd: home, stdio: ['ignore', out, out] }));
  }

  outputFile = (name: string): string => join(nodeBase(this.topology, name), 'data', 'out');
  log = (name: string): string =>
    existsSync(nodeLog(this.topology, name)) ? readFileSync(nodeLog(this.topology, name), 'utf8') : '';
  url = (name: string, path: string): string => `http://127.0.0.1:${nodeNamed(this.topology, name).console}${path}`;

  get(name: string, path: string, password = SECRETS.console.password): Promise<Response> {
    const basic = Buffer.from(`${SECRETS.console.user}:${password}`, 'latin1').toString('base64');
    return fetch(this.url(name, path), {
      headers: { authorization: `Basic ${basic}`, origin: 'http://localhost' },
      signal: AbortSignal.timeout(20_000),
    });
  }

  async jolokia(name: string, path: string): Promise<Record<string, unknown>> {
    const answer: unknown = JSON.parse(await (await this.get(name, `/api/jolokia/${path}`)).text());
    assert.ok(answer !== null && typeof answer === 'object');
    return { ...answer };
  }

  async untilSlave(name: string): Promise<void> {
    await until(`${name} waits for the lock`, () => /is now in slave mode/.test(this.log(name)));
  }

  async untilMaster(name: string): Promise<void> {
    const running = this.#running.get(name);
    await until(`${name} is master`, async () => {
      if (running?.exitCode !== null)
        throw new Error(
          `${name} ended: ${readFileSync(this.outputFile(name), 'utf8')}\n${this.log(name).slice(-4000)}`,
        );
      const answer = await this.get(name, '/api/jolokia/version').catch(() => undefined);
      return answer?.status === 200;
    });
  }

  async stop(name: string, signal: NodeJS.Signals): Promise<void> {
    const child = this.#running.get(name);
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await exited;
  }

  async remove(): Promise<void> {
    for (const name of this.#running.keys()) await this.stop(name, 'SIGKILL');
    rmSync(this.root, { recursive: true, force: true });
  }

  /** Sends and receives with a client of the same version; what it printed. */
  client(name: string, { user, queue }: { user: 'app' | 'everbroker-probe' | 'nobody'; queue: string }): string {
    const home = activemqHome(this.topology);
    const source = join(this.root, 'Try.java');
    writeFileSync(source, TRY_JAVA);
    const { openwire } = nodeNamed(this.topology, name);
    const password = user === 'nobody' ? '' : login(user).password;
    // the password through the environment: a client of a test may have what a broker must not
    return execFileSync(
      'java',
      ['-XX:TieredStopAtLevel=1', '-cp', 'lib/*:lib/optional/*', source, `tcp://127.0.0.1:${openwire}`, user, queue],
      {
        cwd: home,
        encoding: 'utf8',
        env: { ...process.env, TRY_PASSWORD: password },
        stdio: ['ignore', 'pipe', 'ignore'],
      },
    ).trim();
  }
}

const TRY_JAVA = `
import javax.jms.*;
import org.apache.activemq.ActiveMQConnectionFactory;
public class Try {
  public static void main(String[] args) {
    ActiveMQConnectionFactory factory = new ActiveMQConnectionFactory(args[0]);
    factory.setWatchTopicAdvisories(false);
    try {
      boolean anonymous = args[1].equals("nobody");
      Connection connection = anonymous
          ? factory.createConnection() : factory.createConnection(args[1], System.getenv("TRY_PASSWORD"));
      connection.start();
      Session session = connection.createSession(false, Session.AUTO_ACKNOWLEDGE);
      Queue queue = session.createQueue(args[2]);
      session.createProducer(queue).send(session.createTextMessage("hello"));
      Message message = session.createConsumer(queue).receive(5000);
      System.out.println(message == null ? "nothing" : ((TextMessage) message).getText());
      connection.close();
    } catch (Exception problem) {
      System.out.println("refused: " + problem.getMessage());
    }
    System.exit(0);
  }
}
`;

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  // several JVMs on a loaded machine of two cores
  const end = Date.now() + 120_000;
  while (Date.now() < end) {
    if (await holds()) return;
    await delay(100);
  }
  throw new Error(`in vain: ${what}`);
}

export function renderedConfig(version: string): void {
  describe(`ActiveMQ ${version} with its rendered files`, { skip: isMissing(version) }, () => {
    let group: RenderedGroup;
    before(async () => {
      group = await RenderedGroup.of(version);
      group.start('n1');
      await group.untilMaster('n1');
      group.start('n2');
      await group.untilSlave('n2');
    });
    after(() => group.remove());

    test('prints no warning beside its own banner, although the class-data archive is missing', () => {
      const banner =
        /^(Java Runtime:| +Heap sizes:| +JVM args:|Extensions classpath:| +\[\]|ACTIVEMQ_|Loading message )/;
      const lines = readFileSync(group.outputFile('n2'), 'utf8').split('\n');
      assert.deepEqual(
        lines.filter((line) => line !== '' && !banner.test(line)),
        [],
      );
    });

    test('names itself by its group', async () => {
      const answer = await group.jolokia('n1', 'read/org.apache.activemq:type=Broker,brokerName=g1/Slave');
      assert.equal(answer['value'], false);
    });

    test('asks for the login on every path, and lets nothing but it in', async () => {
      const paths = ['/', '/admin/', '/admin/queues.jsp', '/admin/styles/site.css', '/api/jolokia/version'];
      for (const path of [
        ...paths,
        '/api/message/Q?type=queue',
        '/fileserver/x',
        '/nowhere.action',
        '/images/',
        '//api/',
      ]) {
        assert.equal((await fetch(group.url('n1', path))).status, 401, path);
        assert.equal((await group.get('n1', path, 'wrong')).status, 401, `${path} with a wrong password`);
      }
    });

    test('has a working web console', async () => {
      assert.equal((await group.get('n1', '/admin/queues.jsp')).status, 200);
      const browsed = await group.get('n1', '/admin/browse.jsp?JMSDestination=EVERBROKER.SEEN');
      assert.equal(browsed.status, 200);
    });

    test('lets Jolokia read for http://localhost only', async () => {
      assert.equal((await group.jolokia('n1', 'version'))['status'], 200);
      const basic = `Basic ${Buffer.from(`ops:${SECRETS.console.password}`, 'latin1').toString('base64')}`;
      for (const headers of [{}, { origin: 'http://example.org' }]) {
        const answer = await fetch(group.url('n1', '/api/jolokia/version'), {
          headers: { authorization: basic, ...headers },
        });
        assert.match(await answer.text(), /"status":403/, JSON.stringify(headers));
      }
    });

    test('lets Jolokia execute and write nothing', async () => {
      const broker = 'org.apache.activemq:type=Broker,brokerName=g1';
      const calls = [
        `exec/${broker}/addNetworkConnector/static:(tcp:!/!/127.0.0.1:1)`,
        `exec/${broker}/addQueue/X`,
        `exec/java.lang:type=Memory/gc`,
        `exec/${broker}/reloadLog4jProperties`,
        `write/java.lang:type=Memory/Verbose/true`,
        'read/com.sun.management:type=HotSpotDiagnostic',
      ];
      for (const call of calls) assert.equal((await group.jolokia('n1', call))['status'], 403, call);
    });

    test('lets clients in with their login, the probe on its queues, and nobody without one', () => {
      assert.equal(group.client('n1', { user: 'app', queue: 'ORDERS' }), 'hello');
      assert.equal(group.client('n1', { user: 'everbroker-probe', queue: 'EVERBROKER.VERIFY.1' }), 'hello');
      assert.match(group.client('n1', { user: 'everbroker-probe', queue: 'ORDERS' }), /refused: .*not authorized/);
      assert.match(group.client('n1', { user: 'nobody', queue: 'ORDERS' }), /refused: /);
    });

    test('has its slave take over when the master is killed', async () => {
      await group.stop('n1', 'SIGKILL');
      await group.untilMaster('n2');
      const answer = await group.jolokia('n2', 'read/org.apache.activemq:type=Broker,brokerName=g1/Slave');
      assert.equal(answer['value'], false);
    });
  });
}
