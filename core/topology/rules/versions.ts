import { advisoriesFor, ADVISORIES_DATE } from '../../advisories.js';
import type { Draft } from '../draft.js';
import type { Path } from '../problem.js';
import type { Rule, RuleFinding } from './rule.js';

/** The versions that the whole cluster is tested with; they are what Maven's repositories still serve. */
export const TESTED_VERSIONS = ['5.15.12', '5.15.16', '5.16.7', '5.17.6', '5.18.3'];
/** Lines whose configuration can be rendered. */
const RENDERED_LINES = ['5.15', '5.16', '5.17', '5.18'];

const AT: Path = ['activemq', 'version'];

export const lineOf = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Oldest Java of each line, from ActiveMQ's download pages (5.17: "JDK 11+", 6.x: 17). */
function oldestJava(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major >= 6) return 17;
  return minor >= 17 ? 11 : 8;
}

const java: Rule = {
  id: 'java-too-old',
  severity: 'error',
  says: '`java.minimum` is at least what the ActiveMQ version needs (5.15 and 5.16: 8; 5.17 and 5.18: 11; 6.x: 17).',
  check: ({ topology }) => {
    const needed = oldestJava(topology.activemq.version);
    if (topology.java.minimum >= needed) return [];
    const message = `ActiveMQ ${topology.activemq.version} needs Java ${needed}, so that a Java ${topology.java.minimum} would not do`;
    return [{ at: ['java', 'minimum'], message, suggestion: `minimum: ${needed}` }];
  },
};

const coordinates: Rule = {
  id: 'coordinates-version',
  severity: 'error',
  says: "The version in Maven coordinates is `activemq.version`'s.",
  check: ({ topology: { activemq } }) => {
    if (activemq.source.kind !== 'maven' || activemq.source.coordinates === undefined) return [];
    const parts = activemq.source.coordinates.split(':');
    if (parts[2] === activemq.version) return [];
    return [
      {
        at: ['activemq', 'source', 'coordinates'],
        message: `names version ${parts[2] ?? ''}, but activemq.version is ${activemq.version}`,
        suggestion: [parts[0], parts[1], activemq.version, ...parts.slice(3)].join(':'),
      },
    ];
  },
};

const sourceName: Rule = {
  id: 'source-version',
  severity: 'warning',
  says: 'The name of an archive speaks of another version than `activemq.version`.',
  check: ({ topology: { activemq } }) => {
    const { source } = activemq;
    if (source.kind === 'maven') return [];
    const name = source.kind === 'url' ? source.url : source.file;
    const named = /activemq-(\d+\.\d+\.\d+)/.exec(name.split('/').at(-1) ?? '')?.[1];
    if (named === undefined || named === activemq.version) return [];
    const message = `looks like version ${named}, but activemq.version is ${activemq.version}`;
    return [{ at: ['activemq', 'source', source.kind], message }];
  },
};

const known: Rule = {
  id: 'version-not-supported',
  severity: 'unsupported',
  says: 'ActiveMQ 5.15 to 5.18 can be configured; other lines are not supported yet.',
  check: ({ topology }) => {
    const { version } = topology.activemq;
    if (RENDERED_LINES.includes(lineOf(version))) return [];
    const message = `ActiveMQ ${version} is not supported yet`;
    return [{ at: AT, message, suggestion: `use one of ${TESTED_VERSIONS.join(', ')}` }];
  },
};

const tested: Rule = {
  id: 'version-not-tested',
  severity: 'warning',
  says: `The ActiveMQ version is none of the tested ones (${TESTED_VERSIONS.join(', ')}).`,
  check: ({ topology }) => {
    const { version } = topology.activemq;
    if (TESTED_VERSIONS.includes(version) || !RENDERED_LINES.includes(lineOf(version))) return [];
    return [
      { at: AT, message: `ActiveMQ ${version} is not tested`, suggestion: `tested: ${TESTED_VERSIONS.join(', ')}` },
    ];
  },
};

const advisories: Rule = {
  id: 'advisory',
  severity: 'warning',
  says: `The ActiveMQ version has known vulnerabilities or is out of support (table of ${ADVISORIES_DATE}).`,
  check: advisoryFindings,
};

function advisoryFindings({ topology }: Draft): RuleFinding[] {
  const { version } = topology.activemq;
  return advisoriesFor(version).map(({ id, kind, summary, fixedIn, mitigation }) => ({
    at: AT,
    message: `${version}: ${id}: ${summary}${mitigation === undefined ? '' : `; ${mitigation}`}`,
    suggestion: `${kind === 'support' ? 'supported from' : 'fixed in'} ${fixedIn.join(', ')}`,
  }));
}

export const versionRules: readonly Rule[] = [java, coordinates, known, sourceName, tested, advisories];
