/** conf/java.args: everything after `java -Dactivemq.base=… -Dactivemq.home=…`, run with the home as directory. */
import { classDataFile, nodeBase, nodeConf } from '../layout.js';
import type { Node, Topology } from '../topology/topology.js';
import type { Distribution } from './distribution.js';
import { traitsOf } from './versions.js';

/**
 * A missing or foreign archive costs nothing but its speed: auto goes on without, and the log flag keeps the JVM from
 * saying so on each start. Tags below cds are not named: Java 11 does not start at one that it does not know.
 */
const classDataFlags = (topology: Topology): string[] => [
  `-XX:SharedArchiveFile=${classDataFile(topology)}`,
  '-Xshare:auto',
  '-Xlog:cds*=off',
];

export function javaArgs(topology: Topology, node: Node, distribution: Distribution): string {
  const traits = traitsOf(distribution.version);
  const base = nodeBase(topology, node.name);
  const conf = nodeConf(topology, node.name);
  const { initialMb, maxMb } = topology.limits.heap;
  return [
    `-Xms${Math.min(initialMb, maxMb)}m`,
    `-Xmx${maxMb}m`,
    ...classDataFlags(topology),
    ...traits.moduleFlags,
    '-Djava.awt.headless=true',
    `-Djava.io.tmpdir=${base}/tmp`,
    `-Dactivemq.conf=${conf}`,
    `-Dactivemq.data=${base}/data`,
    `-D${traits.log4jProperty}=file:${conf}/${traits.log4jFile}`,
    `-Djolokia.conf=file:${conf}/jolokia-access.xml`,
    '-Dlog4j2.disable.jmx=true',
    '-cp',
    distribution.jars.join(':'),
    'org.apache.activemq.console.Main',
    'start',
    `xbean:file:${conf}/activemq.xml`,
  ]
    .map(argument)
    .join('\n')
    .concat('\n');
}

/** An argument file splits at blanks; a quoted argument takes a backslash for an escape. */
const argument = (text: string): string =>
  /[\s"'#\\]/.test(text) ? `"${text.replace(/[\\"]/g, (character) => `\\${character}`)}"` : text;
