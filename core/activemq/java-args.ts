/** conf/java.args: everything after `java -Dactivemq.base=… -Dactivemq.home=…`, run with the home as directory. */
import { classDataFile, driverFile, nodeBase, nodeConf } from '../layout.js';
import { storeOf } from '../stores/index.js';
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

/**
 * Both compilers wait longer than by default: the first five times (200, 100, 2,000, 60,000), the optimising one ten times
 * (5,000, 600, 15,000, 40,000). What only runs while a broker starts is not worth compiling; what is hot under load gets
 * there all the same. Measured on JDK 17, a slave's start: 1.6 CPU-seconds, 1.2 with the second, a tenth less again with
 * the first. Takeovers gain as well.
 */
const COMPILE_WHAT_IS_HOT = [
  '-XX:Tier3InvocationThreshold=1000',
  '-XX:Tier3MinInvocationThreshold=500',
  '-XX:Tier3CompileThreshold=10000',
  '-XX:Tier4InvocationThreshold=50000',
  '-XX:Tier4MinInvocationThreshold=6000',
  '-XX:Tier4CompileThreshold=150000',
  '-XX:Tier4BackEdgeThreshold=400000',
];

/**
 * A heap this small is collected in milliseconds by one thread; the regions, tables and threads of G1 only cost start time
 * and memory there. Larger heaps get what the JVM chooses.
 */
const SERIAL_UP_TO_MB = 512;

export function javaArgs(topology: Topology, node: Node, distribution: Distribution): string {
  const traits = traitsOf(distribution.version);
  const base = nodeBase(topology, node.name);
  const conf = nodeConf(topology, node.name);
  const { initialMb, maxMb } = topology.limits.heap;
  const store = storeOf(topology, node.group);
  const drivers = store.drivers.map(({ file }) => driverFile(topology, file));
  return [
    `-Xms${Math.min(initialMb, maxMb)}m`,
    `-Xmx${maxMb}m`,
    ...(maxMb <= SERIAL_UP_TO_MB ? ['-XX:+UseSerialGC'] : []),
    ...classDataFlags(topology),
    ...COMPILE_WHAT_IS_HOT,
    ...traits.moduleFlags,
    ...store.javaFlags,
    '-Djava.awt.headless=true',
    `-Djava.io.tmpdir=${base}/tmp`,
    `-Dactivemq.conf=${conf}`,
    `-Dactivemq.data=${base}/data`,
    `-D${traits.log4jProperty}=file:${conf}/${traits.log4jFile}`,
    `-Djolokia.conf=file:${conf}/jolokia-access.xml`,
    '-Dlog4j2.disable.jmx=true',
    '-cp',
    // Drivers come last: an archive of the jars before them stays good, as the JVM compares only as far as it reaches.
    [...distribution.jars, ...drivers].join(':'),
    'org.apache.activemq.console.Main',
    'start',
    // Parsing the schema's 480 KB takes a sixth of a start; an element or attribute that is wrong fails without it, too.
    `xbean:file:${conf}/activemq.xml?validate=false`,
  ]
    .map(argument)
    .join('\n')
    .concat('\n');
}

/** An argument file splits at blanks; a quoted argument takes a backslash for an escape. */
const argument = (text: string): string =>
  /[\s"'#\\]/.test(text) ? `"${text.replace(/[\\"]/g, (character) => `\\${character}`)}"` : text;
