/** The lines of agent/machine.sh, read, and the assignments that it wants in front of it. */
import { DATABASE_USER, databaseUid } from '../databases/index.js';
import { EverbrokerError } from '../failure.js';
import { storeDirectories } from '../store-directories.js';
import { portsOnHost } from '../ports.js';
import { nodesOnHost, servicesOnHost, type Topology } from '../topology/topology.js';
import type { Boot, MachineObservation } from './observation.js';

/** Values of a topology hold no quotes, see its schema; quoted because lists hold blanks. */
export function machineArguments(topology: Topology, host: string): string {
  const nodes = nodesOnHost(topology, host);
  const services = servicesOnHost(topology, host);
  const values = {
    ROOT: topology.root,
    RUN_UID: topology.runAs.uid,
    RUN_USER: topology.runAs.user,
    SERVICE_UID: services.length === 0 ? '' : databaseUid(topology),
    SERVICE_USER: DATABASE_USER,
    PORTS: portsOnHost(topology, host)
      .map(({ port }) => port)
      .join(' '),
    NODE_NAMES: nodes.map((node) => node.name).join(' '),
    STORES: storeDirectories(topology, host).join(' '),
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}='${value}'\n`)
    .join('');
}

const BOOTS: readonly string[] = ['systemd', 'initd', 'cron', 'none'] satisfies Boot[];

/** @throws EverbrokerError CommandFailed when the answer was cut. */
export function parseMachine(output: string, asked: { from: number; to: number }): MachineObservation {
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('machine-'))
    .map((line) => words(line.slice('machine-'.length)));
  if (!lines.some(([kind]) => kind === 'end'))
    throw new EverbrokerError('CommandFailed', 'the look at the machine was cut: there is no end');
  const all = (kind: string): string[] => lines.filter(([found]) => found === kind).map(([, rest]) => rest);
  const one = (kind: string): string => all(kind)[0] ?? '';
  const boot = one('boot');
  return {
    id: one('id'),
    cluster: one('cluster') || null,
    installed: one('installed') === '1',
    firstProcess: one('first-process'),
    boot: BOOTS.includes(boot) ? (boot as Boot) : 'none',
    hooks: Object.fromEntries(
      all('hook')
        .map((line) => words(line))
        .map(([hash, path]) => [path, hash]),
    ),
    packages: one('packages') || null,
    lacks: all('lacks'),
    ports: all('port').map(portOf),
    disks: all('disk').map(diskOf),
    readOnly: all('readonly'),
    memoryKb: Math.min(...[...all('memory'), ...all('memory-limit')].map(Number).filter((value) => value > 0)),
    files: one('files') === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(one('files')),
    userOfUid: one('uid-user') || null,
    uidOfUser: numberOf(one('user-uid')),
    userOfServiceUid: one('service-uid-user') || null,
    uidOfServiceUser: numberOf(one('service-user-uid')),
    foreign: [...new Set(all('foreign'))],
    stores: all('store'),
    asked,
  };
}

const numberOf = (text: string): number | null => (text === '' ? null : Number(text));

function portOf(line: string): MachineObservation['ports'][number] {
  const [port, rest] = words(line);
  const [pid, command] = words(rest);
  return { port: Number(port), command: command.trim(), ...(pid === '' ? {} : { pid: Number(pid) }) };
}

function diskOf(line: string): MachineObservation['disks'][number] {
  const [directory = '', free = '', ...mount] = line.split(' ');
  return { directory, freeKb: Number(free), mount: mount.join(' ') };
}

function words(line: string): [string, string] {
  const at = line.indexOf(' ');
  return at === -1 ? [line, ''] : [line.slice(0, at), line.slice(at + 1)];
}
