/** Which messages prove a cluster, and what their reports say of it. Pure. */
import type { Check } from '../contract.js';
import { verifyQueue } from '../naming.js';
import type { RouteReport, TaskReport } from '../probe-report.js';
import { probeUrl, type LoginTask, type ProbeTask, type RouteTask } from '../probe-request.js';
import { groupNames, hostOf, nodesOfGroup, type Topology } from '../topology/topology.js';
import { failed, passed, type Fault } from './fault.js';

export interface ProofSize {
  /** Marks this run's queues and messages. */
  run: string;
  /** Messages a route. */
  count: number;
  timeoutMs: number;
}

/** What happens to one set of messages: where it goes in and where it must come out. */
interface Route {
  name: string;
  from: string;
  to: string;
}

/** Every bridge in each direction that it carries, and every group that no bridge begins in, from itself to itself. */
export function proofRoutes(topology: Topology): Route[] {
  const bridged = topology.bridges.flatMap(({ name, from, to, duplex }) => [
    { name: `bridge ${name}: ${from} → ${to}`, from, to },
    ...(duplex ? [{ name: `bridge ${name}: ${to} → ${from}`, from: to, to: from }] : []),
  ]);
  const within = groupNames(topology)
    .filter((group) => !bridged.some((route) => route.from === group || route.to === group))
    .map((group) => ({ name: `messages through ${group}`, from: group, to: group }));
  return [...bridged, ...within];
}

const anonymousName = (group: string): string => `${group} demands a login`;

export function proofTasks(topology: Topology, { run, count, timeoutMs }: ProofSize): ProbeTask[] {
  const urlOf = (group: string): string =>
    probeUrl(
      nodesOfGroup(topology, group).map((node) => ({
        address: hostOf(topology, node.host).address,
        port: node.openwire,
      })),
      timeoutMs,
    );
  const routes = proofRoutes(topology).map((route, index): RouteTask => ({
    task: 'route',
    name: route.name,
    queue: verifyQueue(`${run}.${index}`),
    from: urlOf(route.from),
    to: urlOf(route.to),
    count,
    timeoutMs,
    cleanup: true,
  }));
  const logins = groupNames(topology).map((group): LoginTask => ({
    task: 'login',
    name: anonymousName(group),
    from: urlOf(group),
    timeoutMs,
    anonymous: true,
  }));
  return topology.security.openwireLogin ? [...routes, ...logins] : routes;
}

/** Names of the checks that a proof must bring: what gave no report was not proven. */
export const messageCheckNames = (topology: Topology): string[] => [
  ...proofRoutes(topology).map((route) => route.name),
  ...(topology.security.openwireLogin ? groupNames(topology).map(anonymousName) : []),
];

/** The proof that could not be made. */
export const unproven = (topology: Topology, fault: Fault, detail: string): Check[] =>
  messageCheckNames(topology).map((name) => failed(name, fault, detail));

export function messageChecks(topology: Topology, reports: readonly TaskReport[]): Check[] {
  const routes = proofRoutes(topology);
  return messageCheckNames(topology).map((name) => {
    const report = reports.find((candidate) => candidate.name === name);
    if (report === undefined) return failed(name, 'ProbeFailed', 'the probe told nothing of it');
    const route = routes.find((candidate) => candidate.name === name);
    return route === undefined ? loginCheck(report) : routeCheck(report, route.from !== route.to);
  });
}

function loginCheck(report: TaskReport): Check {
  const { name } = report;
  switch (report.outcome) {
    case 'refused':
      return passed(name, 'a connection without a login was refused');
    case 'ok':
      return failed(name, 'LoginNotRequired', 'a connection without a login was accepted');
    default:
      return failed(name, 'NoMaster', `no broker answered (${report.outcome}${errorText(report)})`);
  }
}

function routeCheck(report: TaskReport, isBridge: boolean): Check {
  const { name } = report;
  if (report.task !== 'route' || report.outcome === 'timeout' || report.outcome === 'failed') {
    const detail = `the probe gave no result: ${report.outcome}${errorText(report)}`;
    return failed(name, report.outcome === 'failed' ? 'ProbeFailed' : isBridge ? 'BridgeDown' : 'NoMaster', detail);
  }
  switch (report.outcome) {
    case 'complete':
      return completeCheck(report);
    case 'refused':
      return failed(name, 'LoginRefused', `a broker refused the probe's login${errorText(report)}`);
    case 'unreachable':
      return failed(name, 'NoMaster', `no broker answered${errorText(report)}`);
    case 'incomplete':
      return failed(
        name,
        faultOf(report, isBridge),
        `${countsText(report)}, ${report.stuck} stuck in a queue${errorText(report)}`,
      );
  }
}

function completeCheck(report: RouteReport): Check {
  const left = [report.cleanupFrom, report.cleanupTo].filter((end) => end !== undefined && end !== 'deleted');
  if (left.length > 0) {
    const detail = `every message arrived, but the probe's queue could not be deleted: ${left.join('; ')}`;
    return failed(report.name, 'QueueLeft', detail);
  }
  return report.acknowledged === 0
    ? failed(report.name, 'ProbeFailed', 'no message was sent')
    : passed(report.name, countsText(report));
}

const countsText = ({ acknowledged, received, lost, duplicated }: RouteReport): string =>
  `${acknowledged} acknowledged, ${received} received, ${lost} lost, ${duplicated} duplicated`;

/** Messages that were taken and stay where they went in did not cross; that is the bridge's fault and no loss. */
function faultOf(report: RouteReport, isBridge: boolean): Fault {
  if (report.lost > 0) return 'MessagesLost';
  if (report.stuck > 0 || report.received < report.acknowledged) return isBridge ? 'BridgeDown' : 'MessagesLost';
  return report.duplicated > 0 ? 'MessagesDuplicated' : isBridge ? 'BridgeDown' : 'MessagesLost';
}

const errorText = ({ errors }: TaskReport): string =>
  errors.length === 0 ? '' : `; ${errors.map((error) => `${error.where}: ${error.message}`).join('; ')}`;
