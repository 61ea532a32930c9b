/**
 * Whether machines can carry what a plan would put on them. All problems of all machines at once, before anything is
 * changed. Containers are made to fit, so only machines are asked. Pure.
 */
import { DATABASE_USER, databaseUid } from '../databases/index.js';
import { activemqHome } from '../layout.js';
import { portsOnHost } from '../ports.js';
import { stepsOf, type Plan } from '../plan/step.js';
import { storeDirectories } from '../store-directories.js';
import { hostNames, hostOf, nodesOnHost, servicesOnHost, type Topology } from '../topology/topology.js';
import type { HostInside, HostObservation, MachineObservation } from './observation.js';

export interface Misfit {
  host: string;
  problem: string;
}

/** A home unpacked, its class-data archive and the logs of a first day. */
const HOME_KB = 400 * 1024;
/** KahaDB writes journal files of 32 MB ahead; with less than this a broker stops its producers at once. */
const STORE_KB = 256 * 1024;
/** Beside the connections: jars, journal files, sockets of bridges and console. */
const OWN_FILES = 512;
/** Timestamps of messages and expiry stay right within it; NTP keeps machines within a fraction of a second. */
const CLOCK_MS = 10_000;

interface Machine {
  topology: Topology;
  host: string;
  machine: MachineObservation;
  inside: HostInside | undefined;
}

/** Of the machines on which the plan does something: what runs well is not judged anew. */
export function misfits(topology: Topology, plan: Plan, observed: Record<string, HostObservation>): Misfit[] {
  const touched = new Set(stepsOf(plan).map((step) => step.host));
  const machines = hostNames(topology)
    .filter((host) => touched.has(host))
    .flatMap((host): Machine[] => {
      const { machine, inside } = observed[host] ?? {};
      return machine === undefined ? [] : [{ topology, host, machine, inside }];
    });
  return [
    ...machines.flatMap((one) =>
      [
        ...tools(one),
        ...places(one),
        ...disks(one),
        ...memory(one),
        ...files(one),
        ...ports(one),
        ...users(one),
        ...others(one),
        ...clock(one, observed),
      ].map((problem) => ({ host: one.host, problem })),
    ),
    ...sameMachine(topology, observed),
  ];
}

export const misfitText = (found: readonly Misfit[]): string =>
  found.map(({ host, problem }) => `  ${host}: ${problem}`).join('\n');

const tools = ({ machine }: Machine): string[] =>
  machine.lacks.length === 0 ? [] : [`it lacks ${machine.lacks.join(', ')}`];

const places = ({ machine }: Machine): string[] =>
  machine.readOnly.map((directory) => `${directory} cannot be written: its file system is read-only`);

/** Directories on one file system need their space together. */
function disks({ topology, host, machine, inside }: Machine): string[] {
  const home = activemqHome(topology).split('/').at(-1) ?? '';
  const needs = new Map<string, number>();
  if (!inside?.homes.includes(home)) needs.set(topology.root, HOME_KB);
  for (const store of storeDirectories(topology, host)) needs.set(store, STORE_KB);
  const mounts = new Map<string, { freeKb: number; needKb: number; directories: string[] }>();
  for (const { directory, freeKb, mount } of machine.disks) {
    const needKb = needs.get(directory);
    if (needKb === undefined) continue;
    const sum = mounts.get(mount) ?? { freeKb, needKb: 0, directories: [] };
    mounts.set(mount, { freeKb, needKb: sum.needKb + needKb, directories: [...sum.directories, directory] });
  }
  return [...mounts]
    .filter(([, { freeKb, needKb }]) => freeKb < needKb)
    .map(([mount, { freeKb, needKb, directories }]) => {
      const what = directories.join(' and ');
      return `${mount} has ${mb(freeKb)} MB free, but ${what} need ${mb(needKb)} MB there`;
    });
}

function memory({ topology, host, machine, inside }: Machine): string[] {
  const heapMb = topology.limits.heap.maxMb;
  const waiting = nodesOnHost(topology, host).filter(({ name }) => !runs(inside, name));
  const needMb = waiting.length * heapMb;
  if (machine.memoryKb >= needMb * 1024) return [];
  return [
    `${mb(machine.memoryKb)} MB of memory are free, but the heaps of ${waiting.length} nodes need ${needMb} MB (${heapMb} MB each)`,
  ];
}

const files = ({ topology, machine }: Machine): string[] => {
  const need = topology.limits.maximumConnections + OWN_FILES;
  return machine.files >= need
    ? []
    : [`a process may open ${machine.files} files, but ${topology.limits.maximumConnections} connections need ${need}`];
};

function ports({ topology, host, machine, inside }: Machine): string[] {
  const ours = new Set([...(inside?.nodes ?? []), ...(inside?.services ?? [])].flatMap(({ listening }) => listening));
  return portsOnHost(topology, host).flatMap(({ port, of }) => {
    const taken = machine.ports.find((found) => found.port === port);
    if (taken === undefined || ours.has(port)) return [];
    const who = taken.pid === undefined ? 'a process that cannot be told' : `${taken.pid} (${taken.command})`;
    return [`port ${port} of ${of} is taken by ${who}`];
  });
}

function users({ topology, host, machine }: Machine): string[] {
  const { user, uid } = topology.runAs;
  const { userOfUid, uidOfUser, userOfServiceUid = null, uidOfServiceUser = null } = machine;
  const problems: string[] = [];
  if (userOfUid !== null && userOfUid !== user)
    problems.push(`uid ${uid} is user ${userOfUid}'s: choose another \`runAs.uid\``);
  else if (uidOfUser !== null && uidOfUser !== uid)
    problems.push(`user ${user} has uid ${uidOfUser} and not ${uid}: choose another \`runAs.user\``);
  const services = servicesOnHost(topology, host).map(({ name }) => name);
  if (services.length === 0) return problems;
  const [wanted, what] = [databaseUid(topology), services.join(', ')];
  if (userOfServiceUid !== null && userOfServiceUid !== DATABASE_USER)
    problems.push(`uid ${wanted} is user ${userOfServiceUid}'s, and ${what} needs it for ${DATABASE_USER}`);
  else if (uidOfServiceUser !== null && uidOfServiceUser !== wanted)
    problems.push(`user ${DATABASE_USER} has uid ${uidOfServiceUser}, and ${what} needs it with ${wanted}`);
  return problems;
}

const others = ({ machine }: Machine): string[] =>
  machine.foreign.map((path) => `${path} is an ActiveMQ that is not this cluster's: choose another \`root\``);

function clock({ host, machine }: Machine, observed: Record<string, HostObservation>): string[] {
  const { from, to } = machine.asked;
  const now = observed[host]?.clock ?? from;
  const off = Math.max(from - now, now - to, 0);
  if (off <= CLOCK_MS) return [];
  const way = now < from ? 'behind' : 'ahead of';
  return [`its clock is ${Math.round(off / 1000)} s ${way} the worker's`];
}

/** Two names for one machine would write over each other's state. */
function sameMachine(topology: Topology, observed: Record<string, HostObservation>): Misfit[] {
  const first = new Map<string, string>();
  return hostNames(topology).flatMap((host) => {
    const id = observed[host]?.machine?.id;
    if (id === undefined || hostOf(topology, host).kind !== 'ssh') return [];
    const other = first.get(id);
    if (other === undefined) first.set(id, host);
    return other === undefined ? [] : [{ host, problem: `it is the same machine as ${other}` }];
  });
}

const runs = (inside: HostInside | undefined, name: string): boolean =>
  inside?.nodes.some((node) => node.name === name && node.process.alive) ?? false;

const mb = (kb: number): number => Math.floor(kb / 1024);
