/** A table of wrong topologies: each is refused with the expected path and words, and with nothing else unless said. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseTopology } from '../../../core/topology/parse.js';
import type { Problem } from '../../../core/topology/parse.js';
import { aTopology } from '../../support/topologies.js';

/** The built topology as the plain tree that a mutation writes anything into. */
type Tree = { [key: string]: Tree } & { bridges: Tree[] };

interface Row {
  name: string;
  change: (tree: Tree) => void;
  path: string;
  words: RegExp;
  /** How many problems there are in all; default 1. */
  count?: number;
  type?: 'NotSupportedYet';
}

/** Writes a value at a path of the tree, `groups.g1.nodes.n1.console`. */
const set =
  (path: string, value: unknown) =>
  (tree: Tree): void => {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    const holder = parts.reduce<Tree>((at, part) => at[part] as Tree, tree);
    Object.assign(holder, { [last]: value });
  };

const drop =
  (path: string) =>
  (tree: Tree): void => {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    const holder = parts.reduce<Tree>((at, part) => at[part] as Tree, tree);
    delete (holder as Record<string, unknown>)[last];
  };

const both =
  (...changes: ((tree: Tree) => void)[]) =>
  (tree: Tree): void =>
    changes.forEach((change) => change(tree));

const network = { name: 'testnet', subnet: '172.29.0.0/16' };
const secondHost = (host: object) => set('hosts.h2', { kind: 'docker', address: '172.29.0.20', network, ...host });
const store = (directory: string) => set('groups.g1.store', { kind: 'kahadb', directory });
const thirdBridge = (bridge: object) => (tree: Tree) =>
  void tree.bridges.push({ name: 'other', from: 'g1', to: 'g2', ...bridge } as unknown as Tree);
const sha512 = 'a'.repeat(128);

const rows: Row[] = [
  // One field alone
  { name: 'an unknown key', change: set('nmae', 'x'), path: 'nmae', words: /not a key.*did you mean name\?/ },
  {
    name: 'an unknown key far down',
    change: set('groups.g1.nodes.n1.opnwire', 1),
    path: 'groups.g1.nodes.n1.opnwire',
    words: /did you mean openwire\?/,
  },
  {
    name: 'an unknown key unlike any other',
    change: set('limits', { zzzzzz: 1 }),
    path: 'limits.zzzzzz',
    words: /possible here: heap, memoryPercent/,
  },
  {
    name: 'an unknown key in a host',
    change: set('hosts.h1.adress', 1),
    path: 'hosts.h1.adress',
    words: /did you mean address\?/,
  },
  { name: 'another version of the format', change: set('version', 2), path: 'version', words: /must be 1/ },
  { name: 'the version as text', change: set('version', '1'), path: 'version', words: /must be 1/ },
  { name: 'no version', change: drop('version'), path: 'version', words: /is missing/ },
  { name: 'no name', change: drop('name'), path: 'name', words: /is missing/ },
  {
    name: 'a name that is no id',
    change: set('name', 'My Cluster!'),
    path: 'name',
    words: /starts with a lower-case letter/,
  },
  { name: 'a name beyond 40 characters', change: set('name', 'a'.repeat(41)), path: 'name', words: /at most 40/ },
  { name: 'no hosts', change: drop('hosts'), path: 'hosts', words: /is missing/ },
  { name: 'no groups', change: drop('groups'), path: 'groups', words: /is missing/ },
  { name: 'hosts as a list', change: set('hosts', []), path: 'hosts', words: /must be a mapping.*not a list/ },
  {
    name: 'a host name that cannot be a container',
    change: set('hosts.2h', { kind: 'docker', address: '172.29.0.20', network }),
    path: 'hosts.2h',
    words: /starts with a letter/,
  },
  {
    name: 'a host name with a dot',
    change: set('hosts', { 'h.1': { kind: 'docker', address: '172.29.0.20', network } }),
    path: 'hosts["h.1"]',
    words: /letters, digits/,
    count: 5,
  },
  {
    name: 'the host name __proto__',
    change: set('hosts', JSON.parse('{"__proto__": {}}') as unknown),
    path: 'hosts.__proto__',
    words: /no possible name/,
  },
  {
    name: 'a host without a kind',
    change: drop('hosts.h1.kind'),
    path: 'hosts.h1.kind',
    words: /is missing \(one of docker, ssh\)/,
  },
  {
    name: 'a host of an unknown kind',
    change: set('hosts.h1.kind', 'dokcer'),
    path: 'hosts.h1.kind',
    words: /one of docker, ssh.*did you mean docker\?/,
  },
  { name: 'a host that is a number', change: set('hosts.h1', 5), path: 'hosts.h1', words: /must be a mapping/ },
  {
    name: 'an address that is none',
    change: set('hosts.h1.address', '172.29.0.300'),
    path: 'hosts.h1.address',
    words: /IPv4 address/,
  },
  {
    name: 'a subnet that is none',
    change: set('hosts.h1.network', { name: 'n', subnet: '172.29.0.0' }),
    path: 'hosts.h1.network.subnet',
    words: /IPv4 network/,
  },
  {
    name: 'an unknown policy',
    change: set('hosts.h1.network', { ...network, policy: 'pined' }),
    path: 'hosts.h1.network.policy',
    words: /preferred, pinned.*did you mean pinned\?/,
  },
  { name: 'publish: true', change: set('hosts.h1.publish', true), path: 'hosts.h1.publish', words: /or false/ },
  {
    name: 'an engine over ssh',
    change: set('hosts.h1.engine', 'ssh://x'),
    path: 'hosts.h1.engine',
    words: /unix:\/\/\/path or tcp/,
  },
  {
    name: 'a port as text',
    change: set('groups.g1.nodes.n1.openwire', '61616'),
    path: 'groups.g1.nodes.n1.openwire',
    words: /must be a number.*without quotes/,
  },
  {
    name: 'a port that needs root',
    change: set('groups.g1.nodes.n1.console', 80),
    path: 'groups.g1.nodes.n1.console',
    words: /below 1024/,
  },
  {
    name: 'a port beyond the last',
    change: set('groups.g1.nodes.n1.openwire', 70000),
    path: 'groups.g1.nodes.n1.openwire',
    words: /at most 65535/,
  },
  {
    name: 'a port that is no whole number',
    change: set('groups.g1.nodes.n1.openwire', 61616.5),
    path: 'groups.g1.nodes.n1.openwire',
    words: /whole number/,
  },
  {
    name: 'a port that is not a number at all',
    change: set('groups.g1.nodes.n1.openwire', NaN),
    path: 'groups.g1.nodes.n1.openwire',
    words: /must be a.*number.*NaN/,
  },
  {
    name: 'a node without a console',
    change: drop('groups.g1.nodes.n1.console'),
    path: 'groups.g1.nodes.n1.console',
    words: /is missing/,
  },
  {
    name: 'a node name with a slash',
    change: set('groups.g1.nodes.a/b', { host: 'h1', openwire: 61100, console: 18100 }),
    path: 'groups.g1.nodes["a/b"]',
    words: /letters, digits/,
  },
  {
    name: 'a bad value under a bad name, both said',
    change: set('groups.g1.nodes.a/b', { host: 'h1', openwire: 1, console: 18100 }),
    path: 'groups.g1.nodes["a/b"].openwire',
    words: /below 1024/,
    count: 2,
  },
  { name: 'a relative store', change: store('data/kahadb'), path: 'groups.g1.store.directory', words: /absolute path/ },
  { name: 'a store that climbs', change: store('/srv/../etc'), path: 'groups.g1.store.directory', words: /"\.\."/ },
  {
    name: 'the root directory as a store',
    change: store('/'),
    path: 'groups.g1.store.directory',
    words: /absolute path/,
  },
  {
    name: 'a store of an unknown kind',
    change: set('groups.g1.store', { kind: 'kahdb', directory: '/srv/a' }),
    path: 'groups.g1.store.kind',
    words: /did you mean kahadb\?/,
  },
  {
    name: 'a lock poll of an hour',
    change: set('groups.g1.store.lockPollMs', 3600000),
    path: 'groups.g1.store.lockPollMs',
    words: /at most 10000/,
  },
  {
    name: 'a password in the file',
    change: set('security', { console: { password: 'secret1' } }),
    path: 'security.console.password',
    words: /a password itself never stands/,
  },
  {
    name: 'a secret outside of its directory',
    change: set('security', { console: { password: 'file:../../etc/passwd' } }),
    path: 'security.console.password',
    words: /./,
  },
  {
    name: 'a secret that climbs later',
    change: set('security', { console: { password: 'file:a/../../b' } }),
    path: 'security.console.password',
    words: /"\.\."/,
  },
  {
    name: "somebody else's variable",
    change: set('security', { client: { password: 'env:HOME' } }),
    path: 'security.client.password',
    words: /env:EVERBROKER_/,
  },
  {
    name: 'a version as a number',
    change: set('activemq', { version: 5.18 }),
    path: 'activemq.version',
    words: /must be text, not 5.18.*quotes/,
  },
  {
    name: 'a version of two parts',
    change: set('activemq', { version: '5.18' }),
    path: 'activemq.version',
    words: /full version/,
  },
  {
    name: 'a source without a checksum',
    change: set('activemq.source', { kind: 'url', url: 'https://archive.apache.org/a.tar.gz' }),
    path: 'activemq.source.sha512',
    words: /is missing/,
  },
  {
    name: 'a source over http',
    change: set('activemq.source', { kind: 'url', url: 'http://archive.apache.org/a.tar.gz', sha512 }),
    path: 'activemq.source.url',
    words: /https/,
  },
  {
    name: 'a source with a password',
    change: set('activemq.source', { kind: 'url', url: 'https://u:p@example.org/a.tar.gz', sha512 }),
    path: 'activemq.source.url',
    words: /must not hold/,
  },
  {
    name: 'a file outside of the cache',
    change: set('activemq.source', { kind: 'file', file: '../a.tar.gz', sha512 }),
    path: 'activemq.source.file',
    words: /without a directory/,
  },
  { name: 'Java 8', change: set('java', { minimum: 8 }), path: 'java.minimum', words: /at least 11/ },
  {
    name: 'a heap that is infinite',
    change: set('limits', { heap: { maxMb: Infinity } }),
    path: 'limits.heap.maxMb',
    words: /number/,
  },
  { name: 'a bridge that is text', change: set('bridges', ['g1-g2']), path: 'bridges[0]', words: /must be a mapping/ },
  {
    name: 'a bridge without an end',
    change: set('bridges', [{ name: 'b', from: 'g1' }]),
    path: 'bridges[0].to',
    words: /is missing/,
  },
  { name: 'bridges as a mapping', change: set('bridges', { b: {} }), path: 'bridges', words: /must be a list/ },
  {
    name: 'a text for true or false',
    change: set('security', { openwireLogin: 'no' }),
    path: 'security.openwireLogin',
    words: /true or false/,
  },

  // More than one field
  { name: 'hosts without any', change: set('hosts', {}), path: 'hosts', words: /at least one host/ },
  {
    name: 'groups without any',
    change: both(set('groups', {}), set('bridges', [])),
    path: 'groups',
    words: /at least one group/,
  },
  { name: 'a group without nodes', change: set('groups.g1.nodes', {}), path: 'groups.g1.nodes', words: /no nodes/ },
  {
    name: 'a node on an unknown host',
    change: set('groups.g1.nodes.n1.host', 'h11'),
    path: 'groups.g1.nodes.n1.host',
    words: /no host h11.*did you mean h1\?/,
  },
  {
    name: "a node on a host named like an object's member",
    change: set('groups.g1.nodes.n1.host', 'constructor'),
    path: 'groups.g1.nodes.n1.host',
    words: /no host constructor/,
  },
  {
    name: 'a node in two groups',
    change: set('groups.g2.nodes.n1', { host: 'h1', openwire: 61100, console: 18100 }),
    path: 'groups.g2.nodes.n1',
    words: /node n1 in group g1 already/,
  },
  {
    name: 'one port for openwire and console',
    change: set('groups.g1.nodes.n1.console', 61001),
    path: 'groups.g1.nodes.n1.console',
    words: /port 61001 is taken.*n1 \(openwire\)/,
  },
  {
    name: 'a port twice in two groups',
    change: set('groups.g2.nodes.n3.openwire', 61001),
    path: 'groups.g2.nodes.n3.openwire',
    words: /taken on the same host by n1/,
  },
  {
    name: 'a port published twice',
    change: both(secondHost({}), set('groups.g2.nodes.n3', { host: 'h2', openwire: 61001, console: 18003 })),
    path: 'groups.g2.nodes.n3.openwire',
    words: /port 61001 is published already for n1.*host h1/,
  },
  {
    name: 'a port published on one address and on all',
    change: both(
      secondHost({ publish: '0.0.0.0' }),
      set('groups.g2.nodes.n3', { host: 'h2', openwire: 61001, console: 18003 }),
    ),
    path: 'groups.g2.nodes.n3.openwire',
    words: /published already/,
  },
  {
    name: 'an address outside of the subnet',
    change: set('hosts.h1.address', '172.30.0.5'),
    path: 'hosts.h1.address',
    words: /outside of 172.29.0.0\/16/,
  },
  {
    name: "the gateway's address",
    change: set('hosts.h1.address', '172.29.0.1'),
    path: 'hosts.h1.address',
    words: /gateway/,
  },
  {
    name: "the network's address",
    change: set('hosts.h1.address', '172.29.0.0'),
    path: 'hosts.h1.address',
    words: /network's own/,
  },
  {
    name: 'the broadcast address',
    change: set('hosts.h1.address', '172.29.255.255'),
    path: 'hosts.h1.address',
    words: /broadcast/,
  },
  {
    name: 'an address twice',
    change: secondHost({ address: '172.29.0.11' }),
    path: 'hosts.h2.address',
    words: /address of host h1/,
  },
  {
    name: 'a subnet that is an address',
    change: set('hosts.h1.network', { name: 'n', subnet: '172.29.5.0/16' }),
    path: 'hosts.h1.network.subnet',
    words: /inside a network.*172.29.0.0\/16/,
  },
  {
    name: 'a subnet without room',
    change: both(set('hosts.h1.network', { name: 'n', subnet: '172.29.0.10/31' })),
    path: 'hosts.h1.network.subnet',
    words: /no size/,
    count: 2,
  },
  {
    name: 'the loopback network',
    change: both(set('hosts.h1.network', { name: 'n', subnet: '127.0.0.0/8' }), set('hosts.h1.address', '127.0.0.5')),
    path: 'hosts.h1.network.subnet',
    words: /not usable/,
  },
  {
    name: 'one network with two subnets',
    change: secondHost({ address: '172.31.0.20', network: { name: 'testnet', subnet: '172.31.0.0/16' } }),
    path: 'hosts.h2.network.subnet',
    words: /same network testnet/,
  },
  {
    name: 'one network with two policies',
    change: secondHost({ network: { ...network, policy: 'pinned' } }),
    path: 'hosts.h2.network.policy',
    words: /pinned for host h2, but preferred/,
  },
  {
    name: 'networks that differ in capitals',
    change: secondHost({ network: { ...network, name: 'TestNet' } }),
    path: 'hosts.h2.network.name',
    words: /only in capitals.*testnet/,
  },
  {
    name: 'two networks on one subnet',
    change: secondHost({ network: { name: 'other', subnet: '172.29.0.0/24' } }),
    path: 'hosts.h2.network.subnet',
    words: /overlaps 172.29.0.0\/16 of network testnet/,
  },
  {
    name: "one of Docker's own networks",
    change: set('hosts.h1.network', { ...network, name: 'bridge' }),
    path: 'hosts.h1.network.name',
    words: /Docker's own/,
  },
  {
    name: 'a container name twice',
    change: both(set('hosts.h1.container', 'mq'), secondHost({ container: 'mq' })),
    path: 'hosts.h2.container',
    words: /container name mq is that of host h1/,
  },
  {
    name: 'a container name like a default one',
    change: secondHost({ container: 'test-h1' }),
    path: 'hosts.h2.container',
    words: /test-h1 is that of host h1/,
  },
  {
    name: "a container name like a claim's",
    change: set('hosts.h1.container', 'everbroker-claim-x'),
    path: 'hosts.h1.container',
    words: /claims/,
  },
  {
    name: 'two groups on one store',
    change: set('groups.g2.store', { kind: 'kahadb', directory: '/srv/a' }),
    path: 'groups.g2.store.directory',
    words: /store of group g1 already/,
  },
  {
    name: "a store inside another group's",
    change: set('groups.g2.store', { kind: 'kahadb', directory: '/srv/a/b' }),
    path: 'groups.g2.store.directory',
    words: /overlaps \/srv\/a, the store of group g1/,
  },
  {
    name: 'a store in /etc',
    change: store('/etc/kahadb'),
    path: 'groups.g1.store.directory',
    words: /directory of the system/,
  },
  { name: 'a store over /var', change: store('/var'), path: 'groups.g1.store.directory', words: /whole system/ },
  {
    name: "a store in Everbroker's state",
    change: store('/var/lib/everbroker/x'),
    path: 'groups.g1.store.directory',
    words: /own state/,
  },
  {
    name: 'a store over the root',
    change: store('/usr/local/mqcluster'),
    path: 'groups.g1.store.directory',
    words: /would hide/,
    count: 2,
  },
  {
    name: "a store in a node's conf",
    change: store('/usr/local/mqcluster/n1/conf'),
    path: 'groups.g1.store.directory',
    words: /would hide files of node n1/,
  },
  {
    name: "a store in another group's node",
    change: store('/usr/local/mqcluster/n3/data/kahadb'),
    path: 'groups.g1.store.directory',
    words: /another group, g2/,
    count: 2,
  },
  {
    name: 'a store in the installed ActiveMQ',
    change: store('/usr/local/mqcluster/.activemq/x'),
    path: 'groups.g1.store.directory',
    words: /installs/,
  },
  { name: 'a root in /tmp', change: set('root', '/tmp/mq'), path: 'root', words: /\/tmp is a directory of the system/ },
  {
    name: 'a group over two engines',
    change: both(secondHost({ engine: 'tcp://10.0.0.9:2375' }), set('groups.g1.nodes.n2.host', 'h2')),
    path: 'groups.g1.nodes',
    words: /share no store/,
  },
  {
    name: 'a bridge between networks',
    change: both(
      secondHost({ address: '172.31.0.20', network: { name: 'other', subnet: '172.31.0.0/16' } }),
      set('groups.g2.nodes.n3.host', 'h2'),
      set('groups.g2.nodes.n4.host', 'h2'),
    ),
    path: 'bridges[0]',
    words: /different Docker networks/,
  },
  {
    name: 'a bridge to nowhere',
    change: set('bridges', [{ name: 'b', from: 'g1', to: 'g22' }]),
    path: 'bridges[0].to',
    words: /no group g22.*did you mean g2\?/,
  },
  {
    name: 'a bridge to itself',
    change: set('bridges', [{ name: 'b', from: 'g1', to: 'g1' }]),
    path: 'bridges[0].to',
    words: /to itself/,
  },
  { name: 'a bridge twice', change: thirdBridge({}), path: 'bridges[1]', words: /carried by bridge b1 already/ },
  {
    name: 'a duplex bridge there and back',
    change: thirdBridge({ from: 'g2', to: 'g1' }),
    path: 'bridges[1]',
    words: /carried by bridge b1 already.*duplex: false/,
  },
  {
    name: 'a bridge name twice',
    change: both(set('bridges.0.duplex', false), thirdBridge({ name: 'b1', from: 'g2', to: 'g1', duplex: false })),
    path: 'bridges[1].name',
    words: /bridge b1 already/,
  },
  {
    name: 'a heap that begins above its end',
    change: set('limits', { heap: { initialMb: 512, maxMb: 256 } }),
    path: 'limits.heap.initialMb',
    words: /more than maxMb/,
  },
  {
    name: 'a reserved user',
    change: set('security', { console: { user: 'everbroker-probe' } }),
    path: 'security.console.user',
    words: /reserved/,
  },
  {
    name: 'one user for console and clients',
    change: set('security', { console: { user: 'x' }, client: { user: 'x' } }),
    path: 'security.client.user',
    words: /user of the console already/,
  },
  {
    name: 'brokers as root',
    change: set('runAs', { user: 'root' }),
    path: 'runAs.user',
    words: /account of the system/,
  },
  {
    name: 'coordinates of another version',
    change: set('activemq.source', {
      kind: 'maven',
      coordinates: 'org.apache.activemq:apache-activemq:5.17.6:tar.gz:bin',
    }),
    path: 'activemq.source.coordinates',
    words: /5.17.6, but activemq.version is 5.18.3/,
  },

  // Right, but not built yet
  {
    name: 'ActiveMQ 6',
    change: set('activemq', { version: '6.1.0' }),
    path: 'activemq.version',
    words: /6.1.0 is not supported yet.*5.18.3/,
    type: 'NotSupportedYet',
  },
  {
    name: 'ActiveMQ 6 on Java 11',
    change: both(set('activemq', { version: '6.1.0' }), set('java', { minimum: 11 })),
    path: 'java.minimum',
    words: /needs Java 17/,
    count: 2,
  },
];

describe('a wrong topology is refused, with its place and a way out:', () => {
  for (const { name, change, path, words, count = 1, type = 'InvalidInput' } of rows) {
    test(name, () => {
      const tree = structuredClone(aTopology()) as unknown as Tree;
      set('groups.g1.store', { kind: 'kahadb', directory: '/srv/a' })(tree);
      change(tree);
      const result = parseTopology(tree);
      assert.ok(!result.ok, 'it was accepted');
      const all = result.problems.map(text).join('\n');
      const found = result.problems.find((problem) => problem.path === path && words.test(text(problem)));
      assert.ok(found, `expected ${path}: ${words}, got\n${all}`);
      assert.equal(result.problems.length, count, all);
      assert.equal(result.type, type);
      for (const problem of result.problems) assert.notEqual(problem.path, '');
    });
  }
});

const text = ({ path, message, suggestion = '' }: Problem): string => `${path}: ${message} ${suggestion}`;
