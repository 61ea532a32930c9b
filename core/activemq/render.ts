/** Every file that Everbroker manages on a host for its brokers: what it holds, where it goes, who owns it. Pure. */
import { credentialsFile, launchFile, nodeConf } from '../layout.js';
import type { ClusterSecrets } from '../secrets.js';
import type { Node, Topology } from '../topology/topology.js';
import { activemqXml } from './activemq-xml.js';
import { credentialsText } from './credentials.js';
import type { Distribution } from './distribution.js';
import { javaArgs } from './java-args.js';
import { jettyXml } from './jetty-xml.js';
import { jolokiaAccess } from './jolokia-access.js';
import { launchText } from './launch.js';
import { log4jProperties } from './log4j.js';
import type { RenderedFile } from './rendered-file.js';
import { tlsOf } from '../tls.js';
import { traitsOf } from './versions.js';

export { classPathJars, isUnusedJar } from './class-path.js';
export { requiredShipped } from './versions.js';

export type { RenderedFile } from './rendered-file.js';

/** The broker reads its configuration and cannot change it. */
const readable = (path: string, content: string): RenderedFile => ({ path, content, mode: 0o644, owner: 'root' });

/** All managed files of a node but its credentials. They hold placeholders, so they may be shown and compared. */
export function renderNode(topology: Topology, node: Node, distribution: Distribution): RenderedFile[] {
  const conf = nodeConf(topology, node.name);
  const { log4jFile } = traitsOf(distribution.version);
  return [
    readable(`${conf}/activemq.xml`, activemqXml(topology, node)),
    readable(
      `${conf}/jetty.xml`,
      jettyXml(shipped(distribution, 'conf/jetty.xml'), node, { tls: tlsOf(topology) !== null }),
    ),
    readable(`${conf}/jolokia-access.xml`, jolokiaAccess()),
    readable(`${conf}/${log4jFile}`, log4jProperties(log4jFile, shipped(distribution, `conf/${log4jFile}`))),
    readable(`${conf}/java.args`, javaArgs(topology, node, distribution)),
    readable(launchFile(node.name), launchText(topology, node)),
  ];
}

/** Overlays in the shared home: none, because every version can be told to read all its configuration from conf/. */
export const renderHome = (_topology: Topology, _distribution: Distribution): RenderedFile[] => [];

/** The one file with secrets of a node. @throws EverbrokerError InvalidInput for a secret that Spring would interpret. */
export const renderCredentials = (topology: Topology, node: Node, secrets: ClusterSecrets): RenderedFile => ({
  path: credentialsFile(topology, node.name),
  content: credentialsText(secrets, node.group),
  mode: 0o600,
  owner: 'broker',
});

function shipped(distribution: Distribution, path: string): string {
  const text = distribution.shipped[path];
  if (text === undefined) throw new Error(`the distribution of ${distribution.version} was read without ${path}`);
  return text;
}
