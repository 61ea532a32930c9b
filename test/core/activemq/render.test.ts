import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { DOMParser } from '@xmldom/xmldom';
import { activemqXml } from '../../../core/activemq/activemq-xml.js';
import { classDataKey } from '../../../core/activemq/class-data.js';
import { jettyXml } from '../../../core/activemq/jetty-xml.js';
import { log4jProperties } from '../../../core/activemq/log4j.js';
import { classPathJars, renderCredentials, renderHome, requiredShipped } from '../../../core/activemq/render.js';
import { scratchNode } from '../../../core/activemq/scratch-node.js';
import { EverbrokerError } from '../../../core/failure.js';
import type { Topology } from '../../../core/topology/schema.js';
import { nodeNamed } from '../../../core/topology/topology.js';
import { aParsedTopology } from '../../support/topologies.js';
import { aDistribution, GOLDEN_DIR, goldenFiles, ha6, rendered, SECRETS, VERSIONS } from './golden.js';

const HINT =
  'if the change is meant: node --import tsx setup/update-golden.ts, then review git diff test/fixtures/rendered';
const xmlOf = (topology: Topology, name = 'mq1') => activemqXml(topology, nodeNamed(topology, name));
const text = (version: string, file: string): string =>
  rendered(version, 'mq1').find(({ path }) => path.endsWith(`/${file}`))?.content ?? '';

describe('rendered files', () => {
  const files = goldenFiles();

  test('have a golden file each, and no golden file is left over', () => {
    const present = readdirSync(GOLDEN_DIR, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith('shipped-'))
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(GOLDEN_DIR.pathname.length));
    assert.deepEqual(present.sort(), Object.keys(files).sort(), HINT);
  });

  for (const [path, content] of Object.entries(files))
    test(`equal their golden file ${path}`, () => {
      assert.equal(content, readFileSync(new URL(path, GOLDEN_DIR), 'utf8'), HINT);
    });

  test('hold no secret but the credentials, which only the broker can read', () => {
    for (const content of Object.values(files)) assert.doesNotMatch(content, /-secret/);
    const topology = ha6('5.18.3');
    const credentials = renderCredentials(topology, nodeNamed(topology, 'mq1'), SECRETS);
    assert.deepEqual([credentials.mode, credentials.owner], [0o600, 'broker']);
    assert.ok(credentials.content.startsWith('# everbroker-credentials-version=3\n'));
  });

  test('are none in the shared home', () => {
    for (const version of VERSIONS) assert.deepEqual(renderHome(ha6(version), aDistribution(version)), []);
  });

  test('need exactly the shipped texts that a distribution is asked for', () => {
    for (const version of VERSIONS) {
      const distribution = aDistribution(version);
      const needed = requiredShipped(version);
      assert.equal(needed.length, 2);
      for (const path of needed) assert.ok(distribution.shipped[path] !== undefined, path);
    }
  });
});

describe('activemq.xml', () => {
  const topology = ha6('5.18.3');

  test('is well-formed XML whatever a value holds', () => {
    const odd: Topology = { ...topology, groups: structuredClone(topology.groups) };
    const store = odd.groups['brokerA']?.store;
    if (store?.kind === 'kahadb') store.directory = '/a"b<c>&d';
    const document = new DOMParser().parseFromString(xmlOf(odd), 'text/xml');
    const directory = document.getElementsByTagName('kahaDB')[0]?.getAttribute('directory');
    assert.equal(directory, '/a"b<c>&d');
  });

  test('names the bridge only in the group that it starts from', () => {
    assert.match(xmlOf(topology, 'mq1'), /<networkConnector name="brokerB"/);
    assert.doesNotMatch(xmlOf(topology, 'mq4'), /networkConnector/);
  });

  test('keeps to ActiveMQ defaults when messages may stay where they are', () => {
    const kept = xmlOf({ ...topology, strandedMessages: 'keep' });
    assert.doesNotMatch(kept, /replayWhenNoConsumers|messageTTL|enableAudit/);
    assert.match(xmlOf(topology), /replayWhenNoConsumers="true"/);
  });

  test('writes each way of discovery', () => {
    const uriWith = (change: object): string => {
      const bridges = topology.bridges.map((bridge) => ({ ...bridge, ...change }));
      return /uri="((?:static|masterslave|multicast)[^"]*)"/.exec(xmlOf({ ...topology, bridges }))?.[1] ?? '';
    };
    const list = '(tcp://172.18.0.116:61619,tcp://172.18.0.116:61620,tcp://172.18.0.116:61621)';
    const bounded = '?useExponentialBackOff=false&amp;initialReconnectDelay=1000&amp;maxReconnectDelay=1000';
    assert.equal(uriWith({}), `masterslave:${list}${bounded}`);
    assert.equal(uriWith({ backOff: 'default' }), `masterslave:${list}`);
    assert.equal(uriWith({ discovery: 'static', backOff: 'default' }), `static:${list}`);
    assert.equal(uriWith({ discovery: 'static' }), `static:${list}${bounded}`);
    const found = 'multicast://default?group=ha-6.brokerB';
    assert.equal(uriWith({ discovery: 'multicast', backOff: 'default' }), found);
    assert.equal(uriWith({ discovery: 'multicast' }), found + bounded.replace('?', '&amp;'));
  });

  test('lets only the group announce itself that is looked for by multicast, by its address', () => {
    const bridges = topology.bridges.map((bridge) => ({ ...bridge, discovery: 'multicast' as const }));
    const announcing = xmlOf({ ...topology, bridges }, 'mq4');
    assert.match(announcing, /discoveryUri="multicast:\/\/default\?group=ha-6\.brokerB"/);
    assert.match(announcing, /publishedHostStrategy="IPADDRESS"/);
    assert.doesNotMatch(xmlOf({ ...topology, bridges }, 'mq1'), /discoveryUri/);
  });

  test('makes consumers known as far as the longest way, and prefers the shortest where there are loops', () => {
    const names = ['g1', 'g2', 'g3', 'g4'];
    const ring = names.map((from, index) => ({ name: `b${index}`, from, to: names[(index + 1) % 4] ?? '' }));
    const attributes = (bridges: object[]): string => {
      const made = aParsedTopology({ groups: 4, nodesPerGroup: 1 }, { bridges: bridges as never });
      return /<networkConnector name="b0"[^>]*?(messageTTL.*) userName/.exec(xmlOf(made, 'n1'))?.[1] ?? '';
    };
    const far = 'messageTTL="16" consumerTTL="2"';
    const shortest = 'decreaseNetworkConsumerPriority="true" suppressDuplicateQueueSubscriptions="true"';
    assert.equal(attributes(ring), `${far} ${shortest}`);
    assert.equal(attributes(ring.slice(0, 1)), 'messageTTL="8" consumerTTL="1"');
    const hub = names.slice(1).map((to, index) => ({ name: `b${index}`, from: 'g1', to }));
    assert.equal(attributes(hub), far);
  });

  test('gives the probe its own queues and what every connection needs, nothing else', () => {
    const document = new DOMParser().parseFromString(xmlOf(topology), 'text/xml');
    const entries = Array.from(document.getElementsByTagName('authorizationEntry'));
    const rights = entries
      .flatMap((entry) => ['read', 'write', 'admin'].map((right) => ({ entry, right })))
      .filter(({ entry, right }) => entry.getAttribute(right)?.split(',').includes('probes'))
      .map(({ entry, right }) => `${right} ${entry.getAttribute('queue') ?? entry.getAttribute('topic')}`);
    assert.deepEqual(rights, [
      ...['read', 'write', 'admin'].map((right) => `${right} EVERBROKER.>`),
      ...['write', 'admin'].map((right) => `${right} ActiveMQ.Advisory.>`),
    ]);
  });

  test('gives strangers the rights of clients only when the topology wants no login', () => {
    const open = { ...topology, security: { ...topology.security, openwireLogin: false } };
    assert.match(xmlOf(open), /anonymousAccessAllowed="true" anonymousUser="anonymous" anonymousGroup="clients"/);
    assert.match(xmlOf(topology), /anonymousAccessAllowed="false"/);
  });
});

describe('credentials.properties', () => {
  const contentWith = (password: string): string => {
    const topology = ha6('5.18.3');
    const secrets = { ...SECRETS, client: { user: 'app', password } };
    return renderCredentials(topology, nodeNamed(topology, 'mq1'), secrets).content;
  };

  test('escapes what java.util.Properties would take for syntax', () => {
    assert.ok(contentWith('  a\\b=c').includes('client.password=\\ \\ a\\\\b=c\n'));
    assert.ok(contentWith('ü€').includes('client.password=\\u00fc\\u20ac\n'));
  });

  test('refuses what Spring or Jetty would interpret, without repeating it', () => {
    for (const password of ['x${user.home}', 'x#{1+1}', 'OBF:1v2j', 'a\nb', ''])
      assert.throws(
        () => contentWith(password),
        (error) => isFailure('InvalidInput')(error) && !(password !== '' && String(error).includes(`"${password}"`)),
      );
  });
});

describe('files of Apache that are changed', () => {
  test('fail loudly when a part to change is missing, or the version is unknown', () => {
    const node = nodeNamed(ha6('5.18.3'), 'mq1');
    assert.throws(
      () => jettyXml('<beans xmlns="http://www.springframework.org/schema/beans"/>', node, { tls: false }),
      /jettyPort/,
    );
    assert.throws(() => log4jProperties('log4j2.properties', 'rootLogger.level=INFO'), /has no line/);
    assert.throws(() => requiredShipped('6.1.0'), isFailure('NotSupportedYet'));
  });

  test('keep what is not ours: jetty.xml', () => {
    const jetty = text('5.18.3', 'jetty.xml');
    assert.match(jetty, /value="a &lt; b &amp; c"/);
    assert.match(jetty, /name="pathSpec" value="\/\*"/);
    assert.doesNotMatch(jetty, /jetty-realm|"\/demo"|user,admin|value="false"/);
  });

  test('write no console output, which nothing would bound', () => {
    assert.match(text('5.15.12', 'log4j.properties'), /^log4j.rootLogger=INFO, logfile$/m);
    assert.doesNotMatch(text('5.18.3', 'log4j2.properties'), /appenderRef\.console/);
    assert.match(text('5.15.12', 'log4j.properties'), /=\$\{activemq\.data\}\/activemq\.log$/m);
    assert.match(text('5.18.3', 'log4j2.properties'), /=\$\{sys:activemq\.data\}\/activemq\.log$/m);
  });
});

describe('class data', () => {
  const input = { javaVersion: '17.0.15+6', architecture: 'x86_64', jars: ['a.jar', 'b.jar'], sha512: 'ff' };

  test('is another one for every difference in what the JVM compares', () => {
    const others = [
      { ...input, javaVersion: '17.0.16+1' },
      { ...input, architecture: 'aarch64' },
      { ...input, jars: ['b.jar', 'a.jar'] },
      { ...input, sha512: 'fe' },
    ];
    assert.equal(new Set([input, ...others].map(classDataKey)).size, 5);
    assert.equal(classDataKey({ ...input }), classDataKey(input));
  });

  test('is written by a broker that is not told to use any, on the class path of all others', () => {
    const topology = ha6('5.18.3');
    const { files, argsFile } = scratchNode(topology, aDistribution('5.18.3'), SECRETS);
    const args = files.find(({ path }) => path === argsFile)?.content ?? '';
    assert.doesNotMatch(args, /SharedArchiveFile/);
    const classPath = (javaArgs: string) => /-cp\n(.*)\n/.exec(javaArgs)?.[1];
    assert.equal(classPath(args), classPath(text('5.18.3', 'java.args')));
  });
});

test('the class path has every jar but the routes of Camel and the embedding jar, the launcher first', () => {
  const files = ['lib/web/w.jar', 'lib/b.jar', 'lib/a.jar', 'lib/camel/c.jar', 'activemq-all-5.jar', 'bin/wrapper.jar'];
  const more = ['bin/activemq.jar', 'lib/extra/e.jar', 'lib/optional/o.jar', 'lib/activemq-rar.txt'];
  const expected = [
    'bin/activemq.jar',
    'lib/a.jar',
    'lib/b.jar',
    'lib/optional/o.jar',
    'lib/web/w.jar',
    'lib/extra/e.jar',
  ];
  assert.deepEqual(classPathJars([...files, ...more]), expected);
});

function isFailure(type: string) {
  return (error: unknown): boolean => error instanceof EverbrokerError && error.type === type;
}
