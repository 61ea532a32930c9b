/** A machine on which systemd is process 1: the unit for real, with a broker that is a small script. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { clearData, clearHost } from '../../activities/platforms/ssh-clear.js';
import { MachineSite } from '../support/machine-site.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { until } from '../support/system.js';
import { aTopology, onMachines, parsed } from '../support/topologies.js';

const topology = parsed(onMachines(aTopology({ name: 'units', groups: 1, nodesPerGroup: 1 })));
const ROOT = topology.root;

/**
 * systemd takes the place of the shell once it is installed. The engine shows control groups read-only; in a namespace of its
 * own the container may mount them anew, in both of their versions, and needs no other right of the machine for it.
 */
const BOOT = `mkdir -p /run/sshd; /usr/sbin/sshd; until [ -e /go ]; do sleep 0.1; done
groups=/sys/fs/cgroup
if [ -d $groups/systemd ]; then umount $groups/systemd && mount -t cgroup -o none,name=systemd cgroup $groups/systemd
else umount $groups && mount -t cgroup2 cgroup2 $groups; fi
export container=docker
exec /lib/systemd/systemd`;

/** Ends on TERM, and tries to write where its user may, and where the unit does not let anybody. */
const BROKER = `#!/bin/sh
[ "$1" = -version ] && { echo 'openjdk version "17.0.11"' >&2; exit 0; }
trap 'exit 0' TERM
echo may > ${ROOT}/n1/data/written
echo "uid $(id -u)" >> ${ROOT}/n1/data/written
touch /srv/open/outside 2>/dev/null && echo outside >> ${ROOT}/n1/data/written
touch /var/tmp/outside
while :; do sleep 0.1; done`;

const NODE = `set -e
s=/var/lib/everbroker
mkdir -p $s/java/bin $s/nodes/n1 ${ROOT}/home ${ROOT}/n1/conf ${ROOT}/n1/data
cat > $s/java/bin/java; chmod 0755 $s/java/bin/java
touch ${ROOT}/home/.complete ${ROOT}/n1/conf/java.args; mkdir -p /srv/open; chmod 1777 /srv/open /var/tmp; chown -R 7616:7616 ${ROOT}/n1/data
cat > $s/nodes/n1/launch <<END
NODE=n1
BASE=${ROOT}/n1
HOME_DIR=${ROOT}/home
JAVA=$s/java/bin/java
RUN_UID=7616
RUN_GID=7616
ARGS=${ROOT}/n1/conf/java.args
OPENWIRE=61001
CONSOLE=18001
STORE=
STOP_SECONDS=10
END
sh $s/agent.sh up n1`;

let machines: SshHosts;
let site: MachineSite;
/** Why the engine starts no container with the one right that systemd needs; then nothing can be tried. */
let refusal: string | undefined;
before(async () => {
  try {
    machines = await startSshHosts({ subnet: '10.98.46.0/24', systemd: true, command: ['sh', '-c', BOOT] });
  } catch (error) {
    refusal = `no container that may mount here: ${String(error)}`;
    return;
  }
  site = new MachineSite(machines.hosts[0]!, { topology });
  await site.sh(
    'apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install systemd >/dev/null',
  );
  await site.sh('touch /go');
  await until(
    'systemd runs',
    async () => (await site.sh('systemctl is-system-running 2>&1 || :')).match(/running|degraded/) !== null,
  );
});
after(() => (refusal === undefined ? machines.close() : undefined));

const broker = async (): Promise<string> =>
  (await site.sh(`grep -lz '^-Dactivemq.base=${ROOT}/n1$' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 || :`)).trim();
const agent = async (): Promise<string> => (await site.sh('systemctl show -p MainPID --value everbroker')).trim();

test('the agent is a unit whose death and reload leave brokers alone, and whose end stops them', async (t) => {
  if (refusal !== undefined) return t.skip(refusal);
  await site.claim('s1');
  assert.equal((await site.prepare('s1')).note, 'supervised by systemd');
  assert.equal(await site.sh('systemctl is-enabled everbroker; systemctl is-active everbroker'), 'enabled\nactive\n');
  assert.equal(await site.sh('systemd-analyze verify everbroker.service 2>&1'), '');

  const started = await site.opened.exec(['sh', '-c', NODE], { timeoutMs: 30_000, stdin: BROKER });
  assert.equal(started.exitCode, 0, started.stderr);
  const pid = await broker();
  assert.match(pid, /^\d+$/);
  await until(
    'the broker has written',
    async () => (await site.sh(`cat ${ROOT}/n1/data/written 2>/dev/null || :`)) !== '',
  );
  const first = await agent();
  await site.sh(`kill -9 ${first}`);
  await until(
    'another agent runs',
    async () => !['0', first].includes(await agent()) && (await site.look()).inside.agentRunning,
  );
  assert.equal(await broker(), pid);

  await site.sh('systemctl reload everbroker');
  await until('the agent has become itself anew', async () =>
    (await site.sh('cat /var/lib/everbroker/events.log')).includes('agent replaced'),
  );
  assert.equal(await broker(), pid);

  await site.sh('systemctl stop everbroker');
  assert.equal(await broker(), '');
  assert.match(await site.sh('cat /var/lib/everbroker/events.log'), new RegExp(`n1 stopped pid ${pid}`));
  await site.sh('systemctl start everbroker');
  await until('the broker runs again', async () => (await broker()) !== '');
  assert.equal(await site.sh(`head -n 2 ${ROOT}/n1/data/written`), 'may\nuid 7616\n');
});

test('brokers can write below their root and not elsewhere', async (t) => {
  if (refusal !== undefined) return t.skip(refusal);
  assert.doesNotMatch(await site.sh(`cat ${ROOT}/n1/data/written; ls /srv/open /var/tmp`), /outside/);
});

test('a machine that is cleared has neither unit nor broker', async (t) => {
  if (refusal !== undefined) return t.skip(refusal);
  await clearHost(site.deps, site.input('s1', 'clearHost'), AbortSignal.timeout(60_000));
  await clearData(site.deps, site.input('s1', 'clearData'), AbortSignal.timeout(60_000));
  assert.equal(await broker(), '');
  assert.equal(
    await site.sh(
      'systemctl is-enabled everbroker 2>/dev/null; ls /etc/systemd/system | grep everbroker; ls -d /var/lib/everbroker 2>/dev/null || :',
    ),
    '',
  );
});
