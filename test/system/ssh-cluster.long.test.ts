/** The recipe's cluster on two machines behind SSH: topologies/ha-6-ssh.yaml with the addresses of two test machines. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { parseTopologyText } from '../../core/topology/parse.js';
import type { Topology } from '../../core/topology/topology.js';
import { SSHD_JRE_IMAGE } from '../../images/sshd-image.js';
import { MachineSite } from '../support/machine-site.js';
import { sshDirectory, type SshDirectory } from '../support/ssh-directory.js';
import { startSshHosts, type SshHosts } from '../support/ssh-hosts.js';
import { System, failedChecks, rolesOf } from '../support/system.js';

let machines: SshHosts;
let system: System;
let sites: MachineSite[];
let topology: Topology;
let bare: string[][];
let directory: SshDirectory;

before(async () => {
  machines = await startSshHosts({ subnet: '10.98.42.0/24', count: 2, image: SSHD_JRE_IMAGE });
  directory = await sshDirectory(machines);
  const [a, b] = machines.hosts.map(({ address }) => address);
  const shipped = await readFile(new URL('../../topologies/ha-6-ssh.yaml', import.meta.url), 'utf8');
  const text = shipped
    .replace('address: mqbrokerAA', `address: ${a}`)
    .replace('address: mqbrokerBB', `address: ${b}`)
    .replace('name: ha-6-ssh', 'name: t-machines');
  const parsed = parseTopologyText(text);
  assert.ok(parsed.ok);
  topology = parsed.topology;
  await directory.addTopology('machines', text);
  system = await System.start({ env: directory.env });
  sites = machines.hosts.map(
    (machine, index) => new MachineSite(machine, { topology, host: index === 0 ? 'mqbrokerAA' : 'mqbrokerBB' }),
  );
  bare = await Promise.all(sites.map((site) => site.disk()));
});

after(async () => {
  await system?.stop();
  await machines?.close();
  await directory?.remove();
});

const verified = async () => {
  const { checks, nodes } = await (await system.everbroker.verify({ cluster: 't-machines' })).result();
  assert.deepEqual(failedChecks(checks), []);
  return rolesOf(nodes);
};

test('a cluster on machines is deployed, proven, survives its master, is left alone, and goes without a trace', async () => {
  const deployed = await (await system.everbroker.deploy({ topology: 'machines' })).result();
  assert.equal(deployed.outcome, 'deployed');
  assert.deepEqual(deployed.networks, {});
  const roles = await verified();
  assert.deepEqual([roles.mq1, roles.mq4], ['master', 'master']);

  await sites[0]!.sh('sh /var/lib/everbroker/agent.sh kill mq1');
  await system.untilStatus('t-machines', (status) => status.healthy && rolesOf(status.nodes).mq1 === 'slave');
  assert.notEqual((await verified()).mq1, 'master');

  const again = await (await system.everbroker.deploy({ topology: 'machines' })).result();
  assert.deepEqual([again.outcome, again.steps.run], ['unchanged', 0]);

  const kept = await (await system.everbroker.destroy({ cluster: 't-machines' })).result();
  assert.deepEqual(kept.removed.toSorted(), ['mqbrokerAA', 'mqbrokerBB']);
  assert.ok(kept.kept.includes('mqbrokerAA:/usr/local/mqcluster/mq1/data/kahadb'), kept.kept.join(' '));
  assert.match(await sites[0]!.sh('ls /usr/local/mqcluster/mq1/data/kahadb'), /db-1\.log/);
  assert.equal(await sites[0]!.sh("grep -laz '^-Dactivemq[.]base=' /proc/[0-9]*/cmdline | wc -l"), '0\n');

  const gone = await (
    await system.everbroker.destroy({ topology: 'machines', deleteData: true, confirm: 't-machines' })
  ).result();
  assert.equal(gone.outcome, 'destroyed');
  for (const [index, site] of sites.entries()) assert.deepEqual(await site.disk(), bare[index]);
});
