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
 * The jars of a node's class path, relative to the home, in order.
 * lib/camel is left out: its routes are not configured here, and every jar costs start time.
 */
export const classPathJars = (allFiles: string[]): string[] =>
  ORDER.flatMap((place) => allFiles.filter((file) => place.test(file)).sort());
