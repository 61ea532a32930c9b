/** A server of a ZooKeeper ensemble from the distribution's packages, on the host's Java; the host's agent keeps it. */
import { JAVA_LINK } from '../layout.js';
import { ensembleNamed, hostOf, serversOf } from '../topology/topology.js';
import { dataDirectory, type Engine, type PlacedService } from './engine.js';

/** Names all the jars that it needs in its manifest. */
const JAR = '/usr/share/java/zookeeper.jar';
/** Warnings go to the console's log; ZooKeeper's package configures no logging. */
const LOGGING = '/usr/share/java/slf4j-simple.jar';

export const zookeeper: Engine = {
  title: 'ZooKeeper',
  port: 2181,
  java: true,
  // The jars alone: the package zookeeper would bring a Java with a desktop and a user of its own.
  packages: ['libzookeeper-java'],
  beforeInstall: ':',
  findPrograms: `[ -f ${JAR} ] && echo ${JAVA_LINK}/bin`,
  server: 'java',
  // The number of the server is among its managed files, and ZooKeeper reads it beside its data.
  initialise: 'mkdir "$1" && ln -s ../../conf/myid "$1/myid"',
  stopSignal: 'TERM',
  configuration: (placed) => [
    { name: 'zoo.cfg', content: configurationText(placed) },
    { name: 'myid', content: `${serverOf(placed).id}\n` },
  ],
  arguments: ({ base }) => [
    // By this property the agent knows a JVM.
    `-Dactivemq.base=${base}`,
    '-Xms32m',
    '-Xmx128m',
    '-XX:+UseSerialGC',
    // It answers a few sessions: what the optimising compiler would gain, its threads take from the brokers at their start.
    '-XX:TieredStopAtLevel=1',
    `-Djava.io.tmpdir=${base}/data`,
    '-Djava.awt.headless=true',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dzookeeper.jmx.log4j.disable=true',
    '-cp',
    `${JAR}:${LOGGING}`,
    'org.apache.zookeeper.server.quorum.QuorumPeerMain',
    `${base}/conf/zoo.cfg`,
  ],
  // ZooKeeper knows no users that brokers could be: it listens on the host's address in the cluster's network only.
  accounts: null,
};

function serverOf({ service }: PlacedService) {
  if (service.engine !== 'zookeeper') throw new Error(`${service.name} is no server of an ensemble`);
  return service;
}

function configurationText(placed: PlacedService): string {
  const { topology, base, address, port } = placed;
  const { ensemble } = serverOf(placed);
  const { peerPort, electionPort } = ensembleNamed(topology, ensemble);
  const servers = serversOf(topology, ensemble).map(
    ({ id, host }) => `server.${id}=${hostOf(topology, host).address}:${peerPort}:${electionPort}\n`,
  );
  return `dataDir=${dataDirectory(base)}
clientPortAddress=${address}
clientPort=${port}
# Brokers want sessions that end after a second or two; the shortest is twice a tick unless told otherwise.
tickTime=500
minSessionTimeout=1000
maxSessionTimeout=60000
# In ticks: how long a server may take to join, and to fall behind, on a machine that starts brokers beside it.
initLimit=40
syncLimit=20
autopurge.snapRetainCount=3
autopurge.purgeInterval=1
admin.enableServer=false
4lw.commands.whitelist=ruok,srvr
${servers.length > 1 ? servers.join('') : ''}`;
}
