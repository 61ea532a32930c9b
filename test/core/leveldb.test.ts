/** What replicated LevelDB makes of a topology: files of nodes and of ZooKeeper's servers, mounts, and the order of starts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { javaArgs } from '../../core/activemq/java-args.js';
import { classPathJars } from '../../core/activemq/render.js';
import { aDistribution } from './activemq/golden.js';
import { activemqXml } from '../../core/activemq/activemq-xml.js';
import { launchText } from '../../core/activemq/launch.js';
import { renderService } from '../../core/databases/index.js';
import { driftChecks } from '../../core/health/drift.js';
import { mountsOf } from '../../core/mounts.js';
import { planDeploy } from '../../core/plan/deploy.js';
import { stepsOf } from '../../core/plan/step.js';
import { storeOf } from '../../core/stores/index.js';
import { nodeNamed, serviceNamed, type Topology } from '../../core/topology/topology.js';
import { aDesired, carryOut, noHosts } from '../support/simulated-hosts.js';
import { aReplicatedTopology, parsed } from '../support/topologies.js';

const topology = parsed(aReplicatedTopology());

const filesOf = (of: Topology, server: string): Record<string, string> =>
  Object.fromEntries(
    renderService(of, serviceNamed(of, server)).map(({ path, content }) => [path.split('/').at(-1) ?? '', content]),
  );

describe('a node of replicated LevelDB', () => {
  const xml = activemqXml(topology, nodeNamed(topology, 'n2'));

  test('has a directory of its own, its own address, all servers of the ensemble, and a token instead of none', () => {
    assert.match(
      xml,
      /directory="\/usr\/local\/mqcluster\/\.replicas\/n2" replicas="3" bind="tcp:\/\/172\.29\.0\.12:61200"/,
    );
    assert.match(
      xml,
      /zkAddress="172\.29\.0\.11:2181,172\.29\.0\.12:2181,172\.29\.0\.13:2181" zkPath="\/everbroker\.test\.g1"/,
    );
    assert.match(xml, /zkSessionTimeout="2000" sync="quorum_disk" securityToken="\$\{store\.password\}"/);
  });

  test('has nothing that its group shares, and its copy in a volume of its own', () => {
    assert.equal(storeOf(topology, 'g1').directory, null);
    assert.deepEqual(
      mountsOf(topology, 'h2').map(({ volume, path, role }) => [volume, path, role]),
      [
        ['test.n2.replica', '/usr/local/mqcluster/.replicas/n2', 'replica'],
        ['test.zoo-2.database', '/usr/local/mqcluster/.databases/zoo-2', 'database'],
      ],
    );
  });

  test('tells its agent both words by which it waits', () => {
    const line = /^WAITS_LINE=(.*)$/m.exec(launchText(topology, nodeNamed(topology, 'n2')))?.[1] ?? '';
    for (const said of ['Not enough cluster members connected to elect a master.', 'Slave started'])
      assert.match(said, new RegExp(line));
    assert.doesNotMatch('Master started: tcp://172.29.0.12:61200', new RegExp(line));
  });

  test('may reach into the JVM, and has a ZooKeeper client that resolves addresses behind the jars of ActiveMQ', () => {
    const args = javaArgs(topology, nodeNamed(topology, 'n2'), aDistribution('5.16.7')).split('\n');
    assert.ok(args.includes('--add-opens=java.base/jdk.internal.ref=ALL-UNNAMED'));
    const jars = (args[args.indexOf('-cp') + 1] ?? '').split(':').slice(-3);
    assert.deepEqual(
      jars.map((jar) => jar.split('/').at(-1)),
      ['zookeeper-3.5.10.jar', 'zookeeper-jute-3.5.10.jar', 'failureaccess-1.0.1.jar'],
    );
    assert.deepEqual(classPathJars(['lib/optional/zookeeper-3.4.14.jar', 'lib/a.jar']), ['lib/a.jar']);
  });

  test('asks a ZooKeeper that exists where there is one', () => {
    const input = aReplicatedTopology();
    delete input.ensembles;
    input.groups['g1']!.store = { kind: 'leveldb', zookeeper: 'z1:2181,z2:2182', acknowledge: 'leveldb-is-deprecated' };
    assert.match(activemqXml(parsed(input), nodeNamed(parsed(input), 'n1')), /zkAddress="z1:2181,z2:2182"/);
  });
});

describe('a server of an ensemble', () => {
  test('listens on the address of its host only, and knows all others', () => {
    const { 'zoo.cfg': config, myid } = filesOf(topology, 'zoo-2');
    assert.match(config ?? '', /^clientPortAddress=172\.29\.0\.12$/m);
    assert.match(config ?? '', /^server\.1=172\.29\.0\.11:2888:3888\nserver\.2=172\.29\.0\.12:2888:3888\nserver\.3=/m);
    assert.match(config ?? '', /^admin\.enableServer=false$/m);
    assert.equal(myid, '2\n');
  });

  test('that is the only one forms no ensemble', () => {
    const input = aReplicatedTopology();
    input.ensembles = { zoo: { hosts: ['h3'] } };
    assert.doesNotMatch(filesOf(parsed(input), 'zoo-1')['zoo.cfg'] ?? '', /server\.1/);
  });

  test('is known to its agent by its base, as a broker is, and runs as neither root nor the brokers', () => {
    const files = filesOf(topology, 'zoo-1');
    assert.match(files['arguments'] ?? '', /^-Dactivemq\.base=\/usr\/local\/mqcluster\/\.databases\/zoo-1$/m);
    assert.match(files['launch'] ?? '', /^RUN_UID=7617$/m);
    assert.match(files['launch'] ?? '', /^OPENWIRE=2181$/m);
  });
});

describe('the deployment of replicated LevelDB', () => {
  const known = { topology, desired: aDesired(topology), observed: noHosts(topology), secretsChanged: false };
  const plan = planDeploy(known);

  test('starts the servers of the ensemble one after the other, before the group', () =>
    assert.deepEqual(
      Object.values(plan.services ?? {}).map((steps) => steps.map(({ id }) => id)),
      [['startService/zoo-1', 'startService/zoo-2', 'startService/zoo-3']],
    ));

  test('starts the nodes one after the other, and expects no role of any', () =>
    assert.deepEqual(
      (plan.groups['g1'] ?? []).flatMap((stage) => {
        const starts = stage.filter(({ kind }) => kind === 'startNode');
        return starts.length === 0 ? [] : [starts.map(({ node, expect }) => `${node} ${expect}`)];
      }),
      [['n1 any'], ['n2 any'], ['n3 any']],
    ));

  test('asks ZooKeeper from each host before, and proves no lock that there is not', () => {
    const kinds = stepsOf(plan).map(({ kind }) => kind);
    assert.equal(kinds.filter((kind) => kind === 'checkStore').length, 3);
    assert.ok(!kinds.includes('proveLock'));
  });

  test('brings Java to a host that has a server of the ensemble only, and no ActiveMQ', () => {
    const input = aReplicatedTopology();
    input.hosts['zk'] = { ...input.hosts['h1']!, address: '172.29.0.99' };
    input.ensembles = { zoo: { hosts: ['zk'] } };
    const alone = parsed(input);
    const steps = planDeploy({ ...known, topology: alone, desired: aDesired(alone), observed: noHosts(alone) }).hosts[
      'zk'
    ];
    assert.deepEqual(
      steps?.map(({ kind }) => kind),
      ['createContainer', 'installJava', 'installService'],
    );
  });

  test('leaves nothing to do', () => {
    const observed = carryOut(topology, { plan, desired: known.desired }, known.observed);
    assert.deepEqual(stepsOf(planDeploy({ ...known, observed })), []);
  });

  test('that lost a host is told of those that are there, and the server of the ensemble as down', () => {
    const observed = carryOut(topology, { plan, desired: known.desired }, known.observed);
    delete observed['h3']!.inside;
    assert.deepEqual(
      driftChecks({ ...known, observed }, {})
        .filter(({ name, fault }) => fault !== undefined && /h3/.test(name))
        .map(({ name, fault }) => `${name}: ${fault}`),
      ['h3 is as the topology says: HostDown', 'ensemble server zoo-3 on h3: EnsembleServerDown'],
    );
  });
});
