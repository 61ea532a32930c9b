/** Which messages prove a cluster, and what their reports say of it. Pure. */
import type { Check } from '../contract.js';
import { verifyQueue } from '../naming.js';
import type { RouteReport, TaskReport } from '../probe-report.js';
import { probeUrl, type LoginTask, type ProbeTask, type RouteTask, type SweepTask } from '../probe-request.js';
import { directionsOf, waysOf } from '../topology/graph.js';
import { groupNames, hostOf, nodesOfGroup, type Topology } from '../topology/topology.js';
import { openwireScheme } from '../tls.js';
import { tlsCheckNames, tlsChecks, tlsTasks } from './encryption.js';
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
  /** Names of the bridges that must stand for it. */
  bridges: string[];
}

/**
 * Every bridge in each direction that it carries, every other pair of groups that bridges join, and every group that is
 * at no bridge, from itself to itself.
 */
export function proofRoutes(topology: Topology): Route[] {
  const bridged = topology.bridges.flatMap(directionsOf).map(({ bridge, from, to }) => ({
    name: `bridge ${bridge}: ${from} → ${to}`,
    from,
    to,
    bridges: [bridge],
  }));
  const farther = waysOf(topology)
    .filter(({ bridges }) => bridges.length > 1)
    .map(({ from, to, bridges }) => ({ name: `${from} → ${to} over ${bridges.length} bridges`, from, to, bridges }));
  const within = groupNames(topology)
    .filter((group) => !bridged.some((route) => route.from === group || route.to === group))
    .map((group) => ({ name: `messages through ${group}`, from: group, to: group, bridges: [] }));
  return [...bridged, ...farther, ...within];
}

const anonymousName = (group: string): string => `${group} demands a login`;
const sweepName = (group: string): string => `${group} is left without the probe's queues`;

/** A bridge makes the queue of a consumer at every broker that hears of it: with a third group, not only at the ends. */
const needsSweep = (topology: Topology): boolean => topology.bridges.length > 1 && groupNames(topology).length > 2;

export function proofTasks(topology: Topology, { run, count, timeoutMs }: ProofSize): ProbeTask[] {
  const groups = groupNames(topology);
  const urlOf = (group: string): string => groupUrl(topology, group, timeoutMs);
  const routes = proofRoutes(topology).map((route, index): RouteTask => ({
    task: 'route',
    name: route.name,
    queue: verifyQueue(`${run}.${index}`),
    from: urlOf(route.from),
    to: urlOf(route.to),
    count,
    timeoutMs,
    cleanup: true,
    ...(needsSweep(topology)
      ? {
          via: groups
            .filter((group) => group !== route.from && group !== route.to)
            .map(urlOf)
            .join(' '),
        }
      : {}),
  }));
  const logins = groups.map((group): LoginTask => ({
    task: 'login',
    name: anonymousName(group),
    from: urlOf(group),
    timeoutMs,
    anonymous: true,
  }));
  const sweeps = groups.map((group) => sweepOf(topology, { name: sweepName(group), group, queues: queuesOf(routes) }));
  return [
    ...tlsTasks(topology, timeoutMs),
    ...routes,
    ...(topology.security.openwireLogin ? logins : []),
    ...(needsSweep(topology) ? sweeps : []),
  ];
}

const SWEEP_MS = 10_000;
const queuesOf = (routes: readonly RouteTask[]): string => routes.map(({ queue }) => queue).join(',');

const sweepOf = (
  topology: Topology,
  { name, group, queues }: { name: string; group: string; queues: string },
): SweepTask => ({ task: 'sweep', name, queues, from: groupUrl(topology, group, SWEEP_MS), timeoutMs: SWEEP_MS });

const groupUrl = (topology: Topology, group: string, timeoutMs: number): string =>
  probeUrl(
    nodesOfGroup(topology, group).map((node) => ({
      address: hostOf(topology, node.host).address,
      port: node.openwire,
    })),
    timeoutMs,
    openwireScheme(topology),
  );

/** A bridge that takes seconds for a message takes them for the end of a consumer as well. */
const SLOW_DELETE_MS = 20_000;

/** Some routes again, with more patience, and an end to the queues that the first try may have left. */
export function patientTasks(
  topology: Topology,
  { first, names, ...size }: ProofSize & { first: readonly ProbeTask[]; names: readonly string[] },
): ProbeTask[] {
  const isWanted = (task: ProbeTask): task is RouteTask => task.task === 'route' && names.includes(task.name);
  const again = proofTasks(topology, size).filter((task) => task.task === 'sweep' || isWanted(task));
  const queues = queuesOf(first.filter(isWanted));
  const old = groupNames(topology).map((group) => sweepOf(topology, { name: `first try at ${group}`, group, queues }));
  return [...again, ...old].map((task) =>
    task.task === 'route' || task.task === 'sweep' ? { ...task, deleteMs: SLOW_DELETE_MS } : task,
  );
}

/** Messages in the middle of a slow bridge are at neither end: they look lost. */
const isDoubtful = ({ fault }: Check): boolean => fault === 'BridgeDown' || fault === 'MessagesLost';

/** What a second try tells takes the place of the first, but that it went well does not undo a loss. */
export const afterPatience = (first: readonly Check[], again: readonly Check[], names: readonly string[]): Check[] =>
  first.map((check) => {
    const later = again.find(({ name }) => name === check.name);
    if (later === undefined || !names.includes(check.name)) return check;
    return later.ok && check.fault === 'MessagesLost' ? check : later;
  });

/**
 * Routes whose messages did not arrive although every bridge on their way stands, by its brokers' word: it may be dead
 * without knowing (nothing crosses, however long one waits) or only slow, which a longer wait tells.
 */
export const doubtfulRoutes = (topology: Topology, checks: readonly Check[], connected: readonly string[]): string[] =>
  proofRoutes(topology)
    .filter(({ bridges }) => bridges.length > 0 && bridges.every((bridge) => connected.includes(bridge)))
    .map(({ name }) => name)
    .filter((name) => checks.some((check) => check.name === name && isDoubtful(check)));

/** Names of the checks that a proof must bring: what gave no report was not proven. */
export const messageCheckNames = (topology: Topology): string[] => [
  ...proofRoutes(topology).map((route) => route.name),
  ...(topology.security.openwireLogin ? groupNames(topology).map(anonymousName) : []),
  ...(needsSweep(topology) ? groupNames(topology).map(sweepName) : []),
  ...tlsCheckNames(topology),
];

/** The proof that could not be made. */
export const unproven = (topology: Topology, fault: Fault, detail: string): Check[] =>
  messageCheckNames(topology).map((name) => failed(name, fault, detail));

/** @param slowMs What a bridge may take; messages that arrive later tell of a slow one. */
export function messageChecks(topology: Topology, reports: readonly TaskReport[], slowMs: number): Check[] {
  const routes = proofRoutes(topology);
  const encryption = tlsChecks(topology, reports);
  return messageCheckNames(topology).map((name) => {
    const found = encryption.find((check) => check.name === name);
    if (found !== undefined) return found;
    const report = reports.find((candidate) => candidate.name === name);
    if (report === undefined) return failed(name, 'ProbeFailed', 'the probe told nothing of it');
    const route = routes.find((candidate) => candidate.name === name);
    if (route !== undefined) return routeCheck(report, { isBridge: route.from !== route.to, slowMs });
    return report.task === 'sweep' || name.endsWith(sweepName('')) ? sweepCheck(report) : loginCheck(report);
  });
}

function sweepCheck(report: TaskReport): Check {
  const { name, outcome } = report;
  if (outcome === 'complete') return passed(name, 'every queue of this proof is deleted');
  const why = 'left' in report && report.left !== '' ? report.left : `${outcome}${errorText(report)}`;
  return failed(name, 'QueueLeft', `queues of the probe stay: ${why}`);
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

interface Judgement {
  isBridge: boolean;
  slowMs: number;
}

function routeCheck(report: TaskReport, judgement: Judgement): Check {
  const { isBridge } = judgement;
  const { name } = report;
  if (report.task !== 'route' || report.outcome === 'timeout' || report.outcome === 'failed') {
    const detail = `the probe gave no result: ${report.outcome}${errorText(report)}`;
    return failed(name, report.outcome === 'failed' ? 'ProbeFailed' : isBridge ? 'BridgeDown' : 'NoMaster', detail);
  }
  switch (report.outcome) {
    case 'complete':
      return completeCheck(report, judgement);
    case 'refused':
      return failed(name, 'LoginRefused', `a broker refused the probe's login${errorText(report)}`);
    case 'unreachable':
      return failed(name, 'NoMaster', `no broker answered${errorText(report)}`);
    case 'incomplete':
      return failed(
        name,
        faultOf(report, judgement),
        `${countsText(report)}, ${report.stuck} stuck in a queue${errorText(report)}`,
      );
  }
}

function completeCheck(report: RouteReport, judgement: Judgement): Check {
  if (isLate(report, judgement))
    return failed(report.name, 'BridgeSlow', `${countsText(report)}; ${lateText(report, judgement)}`);
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

const elapsedMs = ({ firstSentAt, lastReceivedAt }: RouteReport): number =>
  firstSentAt === null || lastReceivedAt === null ? 0 : lastReceivedAt - firstSentAt;

const isLate = (report: RouteReport, { isBridge, slowMs }: Judgement): boolean =>
  isBridge && elapsedMs(report) > slowMs;

const lateText = (report: RouteReport, { slowMs }: Judgement): string =>
  `the last came ${(elapsedMs(report) / 1000).toFixed(1)} s after the first was sent, more than ${slowMs / 1000} s`;

/**
 * Messages that were taken and stay where they went in did not cross; that is the bridge's fault and no loss. One over
 * which some came, but late, is alive.
 */
function faultOf(report: RouteReport, judgement: Judgement): Fault {
  const { isBridge } = judgement;
  if (report.lost > 0) return 'MessagesLost';
  if (isLate(report, judgement)) return 'BridgeSlow';
  if (report.stuck > 0 || report.received < report.acknowledged) return isBridge ? 'BridgeDown' : 'MessagesLost';
  return report.duplicated > 0 ? 'MessagesDuplicated' : isBridge ? 'BridgeDown' : 'MessagesLost';
}

const errorText = ({ errors }: TaskReport): string =>
  errors.length === 0 ? '' : `; ${errors.map((error) => `${error.where}: ${error.message}`).join('; ')}`;
