/** Which messages prove a cluster, and what their reports say of it. Pure. */
import type { Check } from '../contract.js';
import { verifyQueue } from '../naming.js';
import {
  probeUrl,
  type LoginTask,
  type ProbeTask,
  type RouteReport,
  type RouteTask,
  type TaskReport,
} from '../probe-protocol.js';
import { groupNames, hostOf, nodesOfGroup, type Topology } from '../topology/topology.js';
import type { Fault } from './roles.js';

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

export function messageChecks(topology: Topology, reports: readonly TaskReport[]): Check[] {
  const routes = proofRoutes(topology);
  return reports.map((report) => {
    if (report.task === 'login') return loginCheck(report.name, report.outcome);
    const route = routes.find(({ name }) => name === report.name);
    return routeCheck(report, route !== undefined && route.from !== route.to);
  });
}

function loginCheck(name: string, outcome: string): Check {
  if (outcome === 'refused') return { name, ok: true, detail: 'a connection without a login was refused' };
  if (outcome === 'ok') return failed(name, 'LoginNotRequired', 'a connection without a login was accepted');
  return failed(name, 'NoMaster', `no broker answered (${outcome})`);
}

function routeCheck(report: TaskReport, isBridge: boolean): Check {
  const { name } = report;
  if (report.task !== 'route' || report.outcome === 'timeout' || report.outcome === 'failed') {
    return failed(
      name,
      isBridge ? 'BridgeDown' : 'NoMaster',
      `the probe gave no result: ${report.outcome}${errorText(report)}`,
    );
  }
  const counted = `${report.acknowledged} acknowledged, ${report.received} received, ${report.lost} lost, ${report.duplicated} duplicated`;
  switch (report.outcome) {
    case 'complete':
      return { name, ok: true, detail: counted };
    case 'refused':
      return failed(name, 'LoginRefused', `a broker refused the probe's login${errorText(report)}`);
    case 'unreachable':
      return failed(name, 'NoMaster', `no broker answered${errorText(report)}`);
    case 'incomplete':
      return failed(
        name,
        faultOf(report, isBridge),
        `${counted}, ${report.stuck} stuck in a queue${errorText(report)}`,
      );
  }
}

/** Messages that were taken and stay where they went in did not cross; that is the bridge's fault and no loss. */
const faultOf = (report: RouteReport, isBridge: boolean): Fault =>
  report.lost > 0 || !isBridge ? 'MessagesLost' : 'BridgeDown';

const failed = (name: string, fault: Fault, detail: string): Check => ({ name, ok: false, fault, detail });

const errorText = ({ errors }: TaskReport): string =>
  errors.length === 0 ? '' : `; ${errors.map((error) => `${error.where}: ${error.message}`).join('; ')}`;
