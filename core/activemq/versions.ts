/** What differs between ActiveMQ's minor versions, in one place. */
import { EverbrokerError } from '../failure.js';

export interface VersionTraits {
  /** The logging configuration's file below conf/, which is also the shipped file that it is made from. */
  log4jFile: 'log4j.properties' | 'log4j2.properties';
  /** The system property that names it; as file:, because conf/ is not on the class path. */
  log4jProperty: 'log4j.configuration' | 'log4j2.configurationFile';
  /** Module flags that the version's own bin/activemq passes on Java 9 and later. */
  moduleFlags: string[];
}

/** bin/activemq of 5.16 to 5.18, word for word. */
const MODULE_FLAGS = [
  '--add-reads=java.xml=java.logging',
  '--add-opens=java.base/java.security=ALL-UNNAMED',
  '--add-opens=java.base/java.net=ALL-UNNAMED',
  '--add-opens=java.base/java.lang=ALL-UNNAMED',
  '--add-opens=java.base/java.util=ALL-UNNAMED',
  '--add-opens=java.naming/javax.naming.spi=ALL-UNNAMED',
  '--add-opens=java.rmi/sun.rmi.transport.tcp=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent=ALL-UNNAMED',
  '--add-opens=java.base/java.util.concurrent.atomic=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.www.protocol.http=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.www.protocol.https=ALL-UNNAMED',
  '--add-exports=java.base/sun.net.www.protocol.jar=ALL-UNNAMED',
  '--add-exports=jdk.xml.dom/org.w3c.dom.html=ALL-UNNAMED',
  '--add-exports=jdk.naming.rmi/com.sun.jndi.url.rmi=ALL-UNNAMED',
];

const LOG4J_1 = { log4jFile: 'log4j.properties', log4jProperty: 'log4j.configuration' } as const;
const LOG4J_2 = { log4jFile: 'log4j2.properties', log4jProperty: 'log4j2.configurationFile' } as const;

const TRAITS: Record<string, VersionTraits> = {
  '5.15': { ...LOG4J_1, moduleFlags: [] },
  '5.16': { ...LOG4J_1, moduleFlags: MODULE_FLAGS },
  '5.17': { ...LOG4J_2, moduleFlags: MODULE_FLAGS },
  '5.18': { ...LOG4J_2, moduleFlags: MODULE_FLAGS },
};

/** @throws EverbrokerError NotSupportedYet for a version whose configuration is not known. */
export function traitsOf(version: string): VersionTraits {
  const traits = TRAITS[version.split('.').slice(0, 2).join('.')];
  if (traits !== undefined) return traits;
  const known = Object.keys(TRAITS).join(', ');
  throw new EverbrokerError('NotSupportedYet', `ActiveMQ ${version} is not supported yet: use one of ${known}`, {
    version,
  });
}

/**
 * Whether a master that cannot renew its lease can be told to give up (`stopOnError`). 5.15.12 cannot, 5.15.16 can; those in
 * between were not tried.
 */
export function stopsWithoutLease(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
  return major !== 5 || minor !== 15 || patch >= 16;
}

/** Files of a distribution whose text `Distribution.shipped` must hold. */
export const requiredShipped = (version: string): string[] => ['conf/jetty.xml', `conf/${traitsOf(version).log4jFile}`];
