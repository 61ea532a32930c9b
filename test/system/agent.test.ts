/**
 * The agent in a container as brokers have it: root without CAP_SYS_PTRACE, brokers under a uid of their own. The
 * "JVM" is a small perl program that locks, logs and listens as a broker does.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { agentText } from '../../artefacts/agent-text.js';
import type { NodeObservation } from '../../core/health/observation.js';
import { parseNodeLine, parseObservation } from '../../core/health/parse-observation.js';
import { until } from '../agent/agent-host.js';

const execute = promisify(execFile);
const IMAGE = process.env['EVERBROKER_TEST_IMAGE'] ?? 'everbroker/debian:bookworm';
const NAME = `everbroker-test-agent-${randomUUID().slice(0, 8)}`;
const UID = '1883';
const STORE = '/usr/local/mqcluster/store';

const FAKE_JVM = String.raw`#!/usr/bin/perl
use strict; use Fcntl; use IO::Socket::INET; use Socket;
my ($base) = $ARGV[0] =~ /^-Dactivemq\.base=(.*)/ or do { print STDERR "openjdk version \"17.0.11\"\n"; exit 0 };
open(my $log, '>>', "$base/data/activemq.log") or die $!; $log->autoflush(1);
my ($openwire, $console) = split /,/, do { open(my $f, '<', "$base/conf/java.args") or die $!; <$f> };
open(my $lock, '+>>', '/usr/local/mqcluster/store/lock') or die $!;
my ($waits, $whole) = (0, pack('s s l! l! i', F_WRLCK, 0, 0, 0, 0));
until (fcntl($lock, F_SETLK, $whole)) {
  print $log " INFO | Database /usr/local/mqcluster/store/lock is locked by another server. This broker is now in slave mode waiting a lock to be acquired | x\n" unless $waits++;
  select(undef, undef, undef, 0.1);
}
my @open = map { IO::Socket::INET->new(Listen => 5, LocalPort => $_ + 0, ReuseAddr => 1) or die $! } $openwire, $console;
print $log " INFO | Apache ActiveMQ 5.18.3 (brokerA, ID:h-1) started | x\n";
sleep 1 while 1;
`;

const SET_UP = `set -e
state=/var/lib/everbroker root=/usr/local/mqcluster home=/usr/local/mqcluster/.activemq/apache-activemq-5.18.3
mkdir -p $state/java/bin $home ${STORE}; touch $home/.complete; chown ${UID}:${UID} ${STORE}
cat > $state/java/bin/java; chmod 0755 $state/java/bin/java
port=61616
for node in mq1 mq2 mq3; do
  mkdir -p $root/$node/conf $root/$node/data $state/nodes/$node
  echo $port,$((port - 53455)) > $root/$node/conf/java.args
  printf '# everbroker-credentials-version=4\\nx=y\\n' > $root/$node/conf/credentials.properties
  chmod 0600 $root/$node/conf/credentials.properties
  chown -R ${UID}:${UID} $root/$node
  printf '%s\\n' NODE=$node BASE=$root/$node HOME_DIR=$home JAVA=$state/java/bin/java RUN_UID=${UID} RUN_GID=${UID} \\
    ARGS=$root/$node/conf/java.args OPENWIRE=$port CONSOLE=$((port - 53455)) STORE=${STORE} STOP_SECONDS=5 > $state/nodes/$node/launch
  port=$((port + 1))
done`;

function docker(...args: string[]): Promise<{ stdout: string; stderr: string }> {
  return execute('docker', args, { timeout: 120_000 });
}
const agent = async (...args: string[]): Promise<string> =>
  (await docker('exec', NAME, 'sh', '/var/lib/everbroker/agent.sh', ...args)).stdout;
const look = async (): Promise<Record<string, NodeObservation>> => {
  const stores = ['mq1', 'mq2', 'mq3'].map((node) => `${node}=${STORE}`);
  const { inside } = parseObservation(await agent('observe', '/usr/local/mqcluster', UID, ...stores));
  return Object.fromEntries(inside.nodes.map((node) => [node.name, node]));
};

async function insideWithInput(script: string, input: string): Promise<void> {
  const running = execute('docker', ['exec', '-i', NAME, 'sh', '-c', script], { timeout: 60_000 });
  running.child.stdin?.end(input);
  await running;
}

describe('the host agent in a container', () => {
  before(async () => {
    // The agent is the container's command, so it is there before the container starts.
    await docker(
      'create',
      '--init',
      '--name',
      NAME,
      '--stop-timeout',
      '20',
      IMAGE,
      'sh',
      '/var/lib/everbroker/agent.sh',
      'run',
    );
    const directory = await execute('mktemp', ['-d']);
    const staged = directory.stdout.trim();
    await mkdir(`${staged}/everbroker`);
    await writeFile(`${staged}/everbroker/agent.sh`, agentText());
    await docker('cp', `${staged}/everbroker`, `${NAME}:/var/lib/`);
    await execute('rm', ['-rf', staged]);
    await docker('start', NAME);
    await insideWithInput(SET_UP, FAKE_JVM);
  });
  after(() => docker('rm', '-f', NAME));

  test('starts a master and two slaves, and tells them by ports, log and lock', async () => {
    for (const node of ['mq1', 'mq2', 'mq3']) {
      assert.equal(await agent('up', node), 'started\n');
      const seen = parseNodeLine(await agent('await', node, '30'));
      assert.equal(seen.log.role === 'slave' ? 'slave' : 'master', node === 'mq1' ? 'master' : 'slave');
    }
    const { mq1, mq2 } = await look();
    assert.deepEqual(mq1?.listening.toSorted(), [61616, 8161]);
    assert.deepEqual(
      [mq1?.log.role, mq1?.lock, mq1?.storeWritable, mq1?.credentialsVersion],
      ['master', 'held', true, 4],
    );
    assert.deepEqual([mq2?.log.role, mq2?.lock, mq2?.listening], ['slave', 'held-by-other', []]);
  });

  test('runs nodes as their own user, without groups and without a way to more privileges', async () => {
    const pid = String((await look())['mq1']?.process.pid);
    const { stdout } = await docker('exec', NAME, 'cat', `/proc/${pid}/status`);
    assert.match(stdout, new RegExp(`^Uid:\\s+${UID}\\s+${UID}\\s+${UID}\\s+${UID}$`, 'm'));
    assert.match(stdout, /^Groups:\s*$/m);
    assert.match(stdout, /^NoNewPrivs:\s+1$/m);
  });

  test('brings a killed master back as a slave while another has taken over', async () => {
    await agent('kill', 'mq1');
    await until('mq1 waits as slave', async () => {
      const nodes = await look();
      const masters = Object.values(nodes).filter((node) => node.lock === 'held' && node.listening.length === 2);
      return masters.length === 1 && nodes['mq1']?.log.role === 'slave' && nodes['mq1'].starts === 2;
    });
  });

  test('says that a store which the broker cannot write is none', async () => {
    await docker('exec', NAME, 'chown', '0:0', STORE);
    const nodes = await look();
    await docker('exec', NAME, 'chown', `${UID}:${UID}`, STORE);
    assert.deepEqual(
      Object.values(nodes).map((node) => node.storeWritable),
      [false, false, false],
    );
    assert.equal((await look())['mq1']?.storeWritable, true);
  });

  test('stops its nodes when the container is stopped, and starts them again with it', async () => {
    await docker('stop', NAME);
    const { stdout } = await docker('inspect', '-f', '{{.State.ExitCode}}', NAME);
    assert.equal(stdout.trim(), '0');
    await docker('start', NAME);
    await until('one serves and two wait', async () => {
      const roles = Object.values(await look()).map((node) => node.log.role);
      return roles.toSorted().join() === 'master,slave,slave';
    });
  });
});
