/** The class path of a broker: every jar by name, because a class-data archive takes neither directories nor wildcards. */

/** Directories in the order in which ActiveMQ's own launcher searches them; bin/activemq.jar starts it. */
const ORDER = [
  /^bin\/activemq\.jar$/,
  /^lib\/[^/]+\.jar$/,
  /^lib\/optional\/.+\.jar$/,
  /^lib\/web\/.+\.jar$/,
  /^lib\/extra\/.+\.jar$/,
];

/**
 * Features that the rendered configuration cannot switch on: other protocols than openwire, discovery by DNS, Shiro, the
 * configuration reloaded at run time, pools for clients, web sockets. And a client of ZooKeeper that groups which need one have
 * a better one of. Each jar is opened and searched at every start, by the
 * service loaders of logging alone several times: without these a slave's start takes a tenth less CPU (measured, 5.18.3).
 */
const UNUSED =
  /^lib\/(camel\/|(optional|web|extra)\/(activemq-(amqp|http|jms-pool|log4j-appender|mqtt|partition|pool|runtime-config|shiro|stomp)-|activeio-core-|httpclient-|httpcore-|jmdns-|mqtt-client-|proton-j-|shiro-|velocity-|zookeeper-|(javax-)?websocket-))/;

/** Whether a file of the distribution is a jar that no rendered configuration uses. */
export const isUnusedJar = (file: string): boolean => UNUSED.test(file);

/** The jars of a node's class path, relative to the home, in order. */
export const classPathJars = (allFiles: string[]): string[] =>
  ORDER.flatMap((place) => allFiles.filter((file) => place.test(file) && !isUnusedJar(file)).sort());
