/** The golden files: ha-6 in each version, rendered with small stand-ins for Apache's own files. */
import { readFileSync } from 'node:fs';
import type { Distribution } from '../../../core/activemq/distribution.js';
import { renderNode, type RenderedFile } from '../../../core/activemq/render.js';
import { renderService } from '../../../core/databases/index.js';
import type { ClusterSecrets } from '../../../core/secrets.js';
import { unitText } from '../../../core/supervision.js';
import { parseTopologyText } from '../../../core/topology/parse.js';
import { nodeNamed, serviceNamed, type Topology } from '../../../core/topology/topology.js';
import { aParsedTopology } from '../../support/topologies.js';

export const GOLDEN_DIR = new URL('../../fixtures/rendered/', import.meta.url);
export const VERSIONS = ['5.15.12', '5.15.16', '5.16.7', '5.17.6', '5.18.3'];
const NODES = ['mq1', 'mq4'];

const stand = (name: string): string => readFileSync(new URL(`shipped-${name}`, GOLDEN_DIR), 'utf8');

export const aDistribution = (version: string): Distribution => ({
  version,
  sha512: '0'.repeat(128),
  jars: ['bin/activemq.jar', `lib/activemq-broker-${version}.jar`, 'lib/optional/spring.jar', 'lib/web/jetty.jar'],
  shipped: {
    'conf/jetty.xml': stand('jetty.xml'),
    'conf/log4j.properties': stand('log4j.properties'),
    'conf/log4j2.properties': stand('log4j2.properties'),
  },
});

export const ha6 = (version: string): Topology => shippedAs('ha-6', version);

function shippedAs(name: string, version = '5.18.3'): Topology {
  const text = readFileSync(new URL(`../../../topologies/${name}.yaml`, import.meta.url), 'utf8');
  const result = parseTopologyText(text.replace(/version: 5\.\S+/, `version: ${version}`));
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.topology;
}

export const rendered = (version: string, node: string): RenderedFile[] =>
  renderNode(ha6(version), nodeNamed(ha6(version), node), aDistribution(version));

/** A server of the ensemble of the shipped topology. */
function ensembleServer(): Record<string, string> {
  const topology = shippedAs('leveldb-zookeeper', '5.16.7');
  return Object.fromEntries(
    renderService(topology, serviceNamed(topology, 'zoo-1')).map(({ path, content }) => [
      `leveldb-zookeeper/zoo-1/${path.slice(path.lastIndexOf('/') + 1)}`,
      content,
    ]),
  );
}

/** Shipped topologies whose activemq.xml and jetty.xml differ in more than names from ha-6's. */
const VARIANTS = [
  { name: 'network-multicast', node: 'mq1' },
  { name: 'network-mesh', node: 'mq1' },
  { name: 'tls', node: 'mq1' },
  // Up to 5.16 the console's connector names no factories.
  { name: 'tls', node: 'mq1', version: '5.15.16' },
  { name: 'leveldb-zookeeper', node: 'mq1', version: '5.16.7' },
];

/** A host behind SSH with a store outside of its root. */
export const machine = aParsedTopology(
  { name: 'ha-6' },
  {
    hosts: { h1: { kind: 'ssh', address: '192.0.2.1' } },
    groups: {
      g1: {
        store: { kind: 'kahadb', directory: '/srv/stores/g1' },
        nodes: { n1: { host: 'h1', openwire: 61616, console: 8161 } },
      },
    },
    bridges: [],
  },
);

/** Text by path below the fixtures' directory: <version>/<node>/<file>, and the unit of a machine. */
export const goldenFiles = (): Record<string, string> => ({
  'ssh/everbroker.service': unitText(machine, 'h1'),
  ...variants(),
  ...ensembleServer(),
  ...ofVersions(),
});

const variants = (): Record<string, string> =>
  Object.fromEntries(
    VARIANTS.flatMap(({ name, node, version }) => {
      const topology = shippedAs(name, version);
      const connector = version === undefined ? CONNECTOR : OLD_CONNECTOR;
      const distribution = withConnector(aDistribution(topology.activemq.version), connector);
      const directory = [name, version, node].filter((part) => part !== undefined).join('/');
      return renderNode(topology, nodeNamed(topology, node), distribution)
        .filter(({ path }) => /\/(activemq|jetty)\.xml$/.test(path))
        .map(({ path, content }): [string, string] => [
          `${directory}/${path.slice(path.lastIndexOf('/') + 1)}`,
          content,
        ]);
    }),
  );

/** Encryption changes a part of jetty.xml that nothing else does, so only these have it. */
const withConnector = (distribution: Distribution, connector: string): Distribution => ({
  ...distribution,
  shipped: {
    ...distribution.shipped,
    'conf/jetty.xml': stand('jetty.xml').replace('</beans>', `${connector}</beans>`),
  },
});

const CONNECTOR = `  <bean id="Connector" class="org.eclipse.jetty.server.ServerConnector">
    <constructor-arg ref="Server"/>
    <constructor-arg><list><ref bean="httpConnectionFactory"/></list></constructor-arg>
  </bean>
`;

const OLD_CONNECTOR = `  <bean id="Connector" class="org.eclipse.jetty.server.ServerConnector">
    <constructor-arg ref="Server"/>
    <property name="port" value="8161"/>
  </bean>
`;

const ofVersions = (): Record<string, string> =>
  Object.fromEntries(
    VERSIONS.flatMap((version) =>
      NODES.flatMap((node) =>
        rendered(version, node).map(({ path, content }): [string, string] => [
          `${version}/${node}/${path.slice(path.lastIndexOf('/') + 1)}`,
          content,
        ]),
      ),
    ),
  );

export const SECRETS: ClusterSecrets = {
  version: 3,
  console: { user: 'ops', password: 'console-secret' },
  client: { user: 'app', password: 'client-secret' },
  bridge: { user: 'everbroker-bridge', password: 'bridge-secret' },
  probe: { user: 'everbroker-probe', password: 'probe-secret' },
  system: { user: 'everbroker-system', password: 'system-secret' },
  stores: {},
};
