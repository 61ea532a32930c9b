/** Whether what must be encrypted is, and by certificates that are good: what the probe is to try, and what it tells. Pure. */
import type { Check } from '../contract.js';
import type { TaskReport, TlsReport } from '../probe-report.js';
import type { TlsTask } from '../probe-request.js';
import { DAY_MS, tlsOf } from '../tls.js';
import { groupNames, hostOf, nodesOfGroup, type Topology } from '../topology/topology.js';
import { failed, passed, type Fault } from './fault.js';

const PARTS = ['openwire', 'console'] as const;

interface Subject {
  group: string;
  part: (typeof PARTS)[number];
}

const taskName = ({ group, part }: Subject): string => `${part} of ${group} over TLS`;
const plainName = ({ group, part }: Subject): string => `${part} of ${group} refuses plain text`;
const trustName = ({ group, part }: Subject): string => `${part} of ${group} is vouched for by the cluster's authority`;
const dateName = ({ group, part }: Subject): string => `the certificate of ${part} of ${group} is in date`;

const subjects = (topology: Topology): Subject[] =>
  tlsOf(topology) === null ? [] : groupNames(topology).flatMap((group) => PARTS.map((part) => ({ group, part })));

export const tlsTasks = (topology: Topology, timeoutMs: number): TlsTask[] =>
  subjects(topology).map((subject) => ({
    task: 'tls',
    name: taskName(subject),
    listeners: nodesOfGroup(topology, subject.group)
      .map((node) => `${hostOf(topology, node.host).address}:${node[subject.part]}`)
      .join(' '),
    speaks: subject.part === 'openwire' ? 'openwire' : 'http',
    timeoutMs,
  }));

export const tlsCheckNames = (topology: Topology): string[] =>
  subjects(topology).flatMap((subject) => [plainName(subject), trustName(subject), dateName(subject)]);

export const tlsChecks = (topology: Topology, reports: readonly TaskReport[]): Check[] =>
  subjects(topology).flatMap((subject) => {
    const report = reports.find(({ name }) => name === taskName(subject));
    if (report?.task === 'tls' && report.outcome === 'complete' && 'open' in report && report.open > 0)
      return checksOf(topology, subject, report);
    const names = [plainName(subject), trustName(subject), dateName(subject)];
    const [fault, detail]: [Fault, string] =
      report === undefined || report.outcome === 'failed'
        ? ['ProbeFailed', 'the probe told nothing of it']
        : ['NoMaster', `nobody listens (${report.outcome})`];
    return names.map((name) => failed(name, fault, detail));
  });

const checksOf = (topology: Topology, subject: Subject, report: TlsReport): Check[] => [
  report.plain === ''
    ? passed(plainName(subject), 'whoever speaks plain text is hung up on')
    : failed(plainName(subject), 'PlainTextAccepted', `plain text was taken at ${report.plain}`),
  trustCheck(topology, subject, report),
  dateCheck(topology, subject, report),
];

/** That a client without the authority is content tells of a certificate that is not the cluster's own. */
function trustCheck(
  topology: Topology,
  subject: Subject,
  { strangers, untrusted, protocol, errors }: TlsReport,
): Check {
  const name = trustName(subject);
  const why = errors.map(({ where, message }) => `${where}: ${message}`).join('; ');
  if (untrusted !== '') return failed(name, 'CertificateUntrusted', `no trusted handshake at ${untrusted} (${why})`);
  // a given authority may well be one that every JVM knows
  const isGiven = tlsOf(topology)?.given !== undefined;
  if (strangers !== '' && !isGiven)
    return failed(name, 'CertificateUntrusted', `a client without the authority is content with ${strangers}`);
  return passed(name, isGiven ? protocol : `${protocol}; a client without the authority turns away`);
}

function dateCheck(topology: Topology, subject: Subject, { notAfter, now }: TlsReport): Check {
  const name = dateName(subject);
  if (notAfter === null) return failed(name, 'CertificateUntrusted', 'no certificate was shown');
  const days = Math.floor((notAfter - now) / DAY_MS);
  if (notAfter <= now) return failed(name, 'CertificateExpired', `it ended ${-days} days ago`);
  const { renewDays = 0 } = tlsOf(topology) ?? {};
  return days < renewDays
    ? failed(name, 'CertificateExpiring', `it ends in ${days} days; deploy replaces a generated one`)
    : passed(name, `good for ${days} more days`);
}
