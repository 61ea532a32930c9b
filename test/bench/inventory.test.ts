import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { parse } from 'yaml';
import { inventoryOf, ranTask, recapOf } from '../../bench/inventory.js';
import { sshTopology } from '../../bench/topology.js';

const files = { identity: '/keys/id', knownHosts: '/keys/known_hosts', tarball: '/cache/a.tar.gz', probe: '/p.jar' };

test('Ansible is told of the same machines, nodes and ports as Everbroker, and which group carries the bridge', async () => {
  const topology = await sshTopology(['10.0.0.10', '10.0.0.11']);
  const { vars, children } = inventoryOf({ topology, ...files }).all;
  assert.equal(vars.tarball, files.tarball);
  assert.match(vars.ansible_ssh_common_args, /UserKnownHostsFile=\/keys\/known_hosts/);
  assert.deepEqual(Object.keys(children), ['broker_a', 'broker_b']);
  const b = 'tcp://10.0.0.11:61619,tcp://10.0.0.11:61620,tcp://10.0.0.11:61621';
  assert.deepEqual(children['broker_b']!.hosts['mqbrokerBB'], {
    ansible_host: '10.0.0.11',
    broker: 'brokerB',
    urls: b,
    nodes: [
      { name: 'mq4', openwire: 61619, console: 8164 },
      { name: 'mq5', openwire: 61620, console: 8165 },
      { name: 'mq6', openwire: 61621, console: 8166 },
    ],
  });
  assert.equal(children['broker_a']!.hosts['mqbrokerAA']!.bridge_to, b);
});

test('a group over two machines is refused: the playbook cannot make it', async () => {
  const topology = await sshTopology(['10.0.0.10', '10.0.0.11']);
  topology.groups['brokerA']!.nodes['mq2']!.host = 'mqbrokerBB';
  assert.throws(() => inventoryOf({ topology, ...files }), /brokerA is not on one host/);
});

const RECAP = `PLAY [Start group A] ****
ok: [mqbrokerAA] => changed=9

PLAY RECAP *********
mqbrokerAA : ok=12   changed=3    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
mqbrokerBB : ok=9    changed=2    unreachable=1    failed=1    skipped=1    rescued=0    ignored=0
`;

test('what a playbook changed and failed at is the sum over its machines', () => {
  assert.deepEqual(recapOf(RECAP), { changed: 5, failed: 2 });
});

test('a playbook that reached no machine is no success', () => {
  assert.throws(() => recapOf('PLAY RECAP ****\n'), /no host/);
  assert.throws(() => recapOf(''), /no host/);
});

test('every play of the playbook is for machines that the inventory has, and every group has one', async () => {
  const topology = await sshTopology(['10.0.0.10', '10.0.0.11']);
  const groups = Object.keys(inventoryOf({ topology, ...files }).all.children);
  const text = await readFile(new URL('../../bench/ansible/deploy.yml', import.meta.url), 'utf8');
  const plays = (parse(text) as { hosts: string }[]).map(({ hosts }) => hosts);
  assert.deepEqual(plays, ['all', ...groups.toReversed()]);
});

test('a task that no play came to did not run', () => {
  const output = 'PLAY [Start group A] ***\n\nTASK [Send and receive] ****\nok: [mqbrokerAA]\n';
  assert.ok(ranTask(output, 'Send and receive'));
  assert.ok(!ranTask('PLAY [Start group A] ***\nskipping: no hosts matched\n', 'Send and receive'));
});
