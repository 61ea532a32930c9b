import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { parseNodeLine, parseObservation } from '../../core/health/parse-observation.js';
import { AgentHost } from './agent-host.js';

const SLAVE =
  ' INFO | Database /s/lock is locked by another server. This broker is now in slave mode waiting a lock to be acquired | x\n';
const FAILED = ' ERROR | Failed to start Apache ActiveMQ (brokerA, ID:h-1) | x\n';

describe('the host agent tells', () => {
  let host: AgentHost;
  beforeEach(async () => {
    host = await AgentHost.make();
  });
  afterEach(() => host.remove());

  test('everything about a host in one look that ends with "end"', async () => {
    await host.addNode('mq1');
    await writeFile(join(host.base('mq1'), 'script'), SLAVE);
    await writeFile(join(host.state, 'manifest.json'), '{}');
    await writeFile(join(host.state, 'secrets.version'), '3\n');
    await host.run();
    await host.jvm('mq1');
    assert.equal((await host.agent('await', 'mq1', '20')).code, 0);
    const { stdout, stderr } = await host.observe('mq1', 'mq2');
    assert.equal(stderr, '');
    assert.ok(stdout.endsWith('\nend\n'));
    const { inside } = parseObservation(stdout);
    assert.equal(inside.agentRunning, true);
    assert.equal(inside.java?.major, 17);
    assert.equal(inside.secretsVersion, 3);
    assert.deepEqual(inside.homes, ['apache-activemq-5.18.3']);
    assert.equal(inside.manifestHash, '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a');
    assert.match(inside.files[join(host.base('mq1'), 'conf/java.args')] ?? '', /^[0-9a-f]{64}$/);
    const [one, two] = inside.nodes;
    assert.equal(one?.process.alive, true);
    assert.equal(one?.log.role, 'slave');
    assert.equal(one?.launchedWith, one?.currentFingerprint);
    assert.equal(one?.storeWritable, true);
    assert.deepEqual([two?.name, two?.desired, two?.process.alive], ['mq2', 'unknown', false]);
  });

  test('a restart that is owed, by the fingerprint of the files as they are now', async () => {
    await host.addNode('mq1');
    await host.run();
    await host.jvm('mq1');
    await writeFile(join(host.base('mq1'), 'conf/java.args'), '-Xmx65m\n');
    const [node] = parseObservation((await host.observe('mq1')).stdout).inside.nodes;
    assert.notEqual(node?.launchedWith, node?.currentFingerprint);
  });

  test('of credentials the version only, and only while nobody else can read them', async () => {
    await host.addNode('mq1', 'down');
    const file = join(host.base('mq1'), 'conf/credentials.properties');
    await writeFile(file, '# everbroker-credentials-version=7\nconsole.password=hunter2\n', { mode: 0o600 });
    const seen = (await host.observe('mq1')).stdout;
    assert.equal(parseObservation(seen).inside.nodes[0]?.credentialsVersion, 7);
    assert.doesNotMatch(seen, /hunter2|credentials\.properties/);
    await chmod(file, 0o644);
    assert.equal(parseObservation((await host.observe('mq1')).stdout).inside.nodes[0]?.credentialsVersion, 0);
  });

  test('the store that a node runs on, and of one that does not run the store that it is configured for', async () => {
    await host.addNode('mq1', 'up', 5, { STORE_ID: 'brokerA@kahadb:old' });
    await host.run();
    await host.jvm('mq1');
    await host.addNode('mq1', 'up', 5, { STORE_ID: 'brokerA@jdbc:new' });
    const store = async () => parseObservation((await host.observe('mq1')).stdout).inside.nodes[0]?.store;
    assert.deepEqual(await store(), { group: 'brokerA', identity: 'kahadb:old' });
    await host.agent('down', 'mq1');
    assert.equal(await store(), undefined);
    await writeFile(join(host.base('mq1'), 'conf/activemq.xml'), '<beans/>');
    assert.deepEqual(await store(), { group: 'brokerA', identity: 'jdbc:new' });
  });

  test('no store of a node that is configured and has never run', async () => {
    await host.addNode('mq1', 'down', 5, { STORE_ID: 'brokerA@jdbc:new' });
    await writeFile(join(host.base('mq1'), 'conf/activemq.xml'), '<beans/>');
    await host.run();
    assert.equal(parseObservation((await host.observe('mq1')).stdout).inside.nodes[0]?.store, undefined);
  });

  test('not the role of an earlier life', async () => {
    await host.addNode('mq1');
    await writeFile(join(host.base('mq1'), 'data/activemq.log'), SLAVE);
    await host.run();
    await host.jvm('mq1');
    assert.equal((await host.agent('await', 'mq1', '1')).code, 4);
    assert.equal(parseObservation((await host.observe('mq1')).stdout).inside.nodes[0]?.log.role, 'none');
  });

  test('by await with 0 that a slave waits, on the line of its node', async () => {
    await host.addNode('mq1', 'down');
    await writeFile(join(host.base('mq1'), 'script'), SLAVE);
    await host.run();
    assert.equal((await host.agent('up', 'mq1')).stdout, 'started\n');
    const answer = await host.agent('await', 'mq1', '20');
    assert.equal(answer.code, 0);
    assert.equal(parseNodeLine(answer.stdout).log.role, 'slave');
  });

  test('by await with 3 that the JVM died, or that its log says that the start failed', async () => {
    await host.addNode('mq1', 'down');
    await writeFile(join(host.base('mq1'), 'script'), FAILED);
    await host.run();
    await host.agent('up', 'mq1');
    const failed = await host.agent('await', 'mq1', '20');
    assert.equal(failed.code, 3);
    assert.match(failed.stdout, /Failed to start/);
    await host.agent('down', 'mq1');
    await writeFile(join(host.base('mq1'), 'script'), '');
    await writeFile(join(host.base('mq1'), 'dies'), '');
    await host.agent('up', 'mq1');
    assert.equal((await host.agent('await', 'mq1', '20')).code, 3);
  });

  test('another token that it does not own the host, and runs nothing for it', async () => {
    assert.equal((await host.agent('guard', 'a', '--', 'echo', 'ran')).code, 97);
    await host.agent('claim', 'a');
    assert.equal((await stat(join(host.state, 'owner'))).mode & 0o777, 0o600);
    assert.deepEqual(await host.agent('guard', 'a', '--', 'echo', 'it ran'), {
      code: 0,
      stdout: 'it ran\n',
      stderr: '',
    });
    assert.equal((await host.agent('guard', 'a', '--', 'sh', '-c', 'exit 5')).code, 5);
    const refused = await host.agent('guard', 'b', '--', 'echo', 'ran');
    assert.deepEqual([refused.code, refused.stdout], [97, '']);
    assert.equal((await host.agent('release', 'b')).code, 97);
    assert.equal(await readFile(join(host.state, 'owner'), 'utf8'), 'a\n');
    assert.equal((await host.agent('release', 'a')).code, 0);
    assert.equal((await host.agent('guard', 'a', '--', 'true')).code, 97);
  });

  test('that nobody runs who could start or stop a node', async () => {
    await host.addNode('mq1', 'down');
    assert.equal((await host.agent('up', 'mq1')).code, 5);
    assert.equal((await host.agent('up', '../mq1')).code, 2);
  });
});
