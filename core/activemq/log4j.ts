/** conf/log4j.properties or log4j2.properties: the shipped text with bounded files and no console. */
import type { VersionTraits } from './versions.js';

/**
 * The console's output would be the agent's, without a bound. Files hold 10 MB, six of them, instead of 1 MB: a slave
 * tells its role once, and the warnings of a long outage must not push that line out.
 */
const CHANGES: Record<VersionTraits['log4jFile'], { pattern: RegExp; by: string }[]> = {
  'log4j.properties': [
    { pattern: /^log4j\.rootLogger=INFO, console, logfile$/m, by: 'log4j.rootLogger=INFO, logfile' },
    { pattern: /^(log4j\.appender\.logfile\.file)=.*$/m, by: '$1=$${activemq.data}/activemq.log' },
    { pattern: /^(log4j\.appender\.logfile\.maxFileSize)=.*$/m, by: '$1=10MB' },
    { pattern: /^(log4j\.appender\.logfile\.maxBackupIndex)=.*$/m, by: '$1=5' },
  ],
  'log4j2.properties': [
    { pattern: /^rootLogger\.appenderRef\.console\..*\n/gm, by: '' },
    { pattern: /^(appender\.logfile\.fileName)=.*$/m, by: '$1=$${sys:activemq.data}/activemq.log' },
    {
      pattern: /^(appender\.logfile\.policies\.size\.size)=.*$/m,
      by: '$1=10MB\nappender.logfile.strategy.type=DefaultRolloverStrategy\nappender.logfile.strategy.max=5',
    },
  ],
};

/** @throws Error when a line to change is missing, so that another shipped text is noticed and not half changed. */
export const log4jProperties = (file: VersionTraits['log4jFile'], shipped: string): string =>
  CHANGES[file].reduce(
    (text, { pattern, by }) => {
      if (text.search(pattern) < 0) throw new Error(`the shipped ${file} has no line ${pattern.source}`);
      return text.replace(pattern, by);
    },
    shipped.replaceAll('\r\n', '\n'),
  );
