/**
 * Known vulnerabilities and ends of support of the ActiveMQ Classic versions that can be deployed, as published at
 * https://activemq.apache.org/components/classic/security and in the project's SECURITY.md. A dated table in the project: it is
 * complete as of its date for what an operator must decide on, and it is brought up to date by hand.
 */

const SECURITY_PAGE = 'https://activemq.apache.org/components/classic/security';

/** When the table was last compared with its sources. */
export const ADVISORIES_DATE = '2026-11';

export interface Advisory {
  /** CVE id, issue id, or `out of support`. */
  id: string;
  kind: 'vulnerability' | 'defect' | 'support';
  summary: string;
  /** First version of each line that has it fixed; a line older than these that is not named never got it fixed. */
  fixedIn: string[];
  /** What Everbroker's configuration does about it. */
  mitigation?: string;
  source: string;
}

const TABLE: readonly Advisory[] = [
  {
    id: 'out of support',
    kind: 'support',
    summary: 'lines before 5.19 get no more fixes',
    fixedIn: ['5.19.0', '6.2.0'],
    source: 'https://github.com/apache/activemq/blob/main/SECURITY.md',
  },
  {
    id: 'CVE-2023-46604',
    kind: 'vulnerability',
    summary: 'anyone who reaches the openwire port can run code, without a login',
    fixedIn: ['5.15.16', '5.16.7', '5.17.6', '5.18.3'],
    source: 'https://activemq.apache.org/security-advisories.data/CVE-2023-46604-announcement.txt',
  },
  {
    id: 'CVE-2025-27533',
    kind: 'vulnerability',
    summary: "oversized openwire commands can exhaust the broker's memory",
    fixedIn: ['5.16.8', '5.17.7', '5.18.7', '5.19.0', '6.1.6'],
    mitigation: 'ports are published on loopback unless the topology says otherwise',
    source: SECURITY_PAGE,
  },
  {
    id: 'CVE-2026-34197',
    kind: 'vulnerability',
    summary: 'a console user can run code through Jolokia (addNetworkConnector)',
    fixedIn: ['5.19.7', '6.2.6'],
    mitigation: "Everbroker's Jolokia policy denies it",
    source: SECURITY_PAGE,
  },
  {
    id: 'CVE-2026-50734',
    kind: 'vulnerability',
    summary: "anyone who reaches the openwire port can exhaust the broker's memory, without a login",
    fixedIn: ['5.19.8', '6.2.7'],
    mitigation: 'ports are published on loopback unless the topology says otherwise',
    source: SECURITY_PAGE,
  },
  {
    id: 'apache/activemq#1864',
    kind: 'defect',
    summary: 'a bridge can die silently',
    fixedIn: ['5.19.9', '6.2.8'],
    source: 'https://github.com/apache/activemq/issues/1864',
  },
];

/** What is known against a version, the most general first; empty when nothing is, as of ADVISORIES_DATE. */
export const advisoriesFor = (version: string): Advisory[] =>
  TABLE.filter(({ fixedIn }) => isAffected(version, fixedIn));

/** Fixed from the first fixed version of its own line on, or when its line is younger than all that needed a fix. */
function isAffected(version: string, fixedIn: readonly string[]): boolean {
  const ofLine = fixedIn.find((fixed) => line(fixed) === line(version));
  if (ofLine !== undefined) return compareVersions(version, ofLine) < 0;
  const newest = fixedIn.toSorted(compareVersions).at(-1) ?? version;
  return compareVersions(version, newest) < 0;
}

const line = (version: string): string => version.split('.').slice(0, 2).join('.');

/** Order of two versions of the form 5.18.3, as `sort` wants it. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [a, b].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (one?.[index] ?? 0) - (other?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
