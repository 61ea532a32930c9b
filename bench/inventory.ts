/** What Ansible is told of the machines, from the same topology that Everbroker gets; and what it tells at its end. Pure. */
import type { TopologyInput } from '../core/topology/schema.js';

export interface InventoryOptions {
  topology: TopologyInput;
  identity: string;
  knownHosts: string;
  tarball: string;
  probe: string;
}

/** A machine carries one group here: the group's first node is the one that starts first and owns the store. */
export function inventoryOf({ topology, identity, knownHosts, tarball, probe }: InventoryOptions) {
  const bridges = topology.bridges ?? [];
  const addressOf = (host: string): string => {
    const found = topology.hosts[host];
    if (found === undefined) throw new Error(`no host ${host}`);
    return found.address;
  };
  const nodesOf = (group: string) =>
    Object.entries(topology.groups[group]?.nodes ?? {}).map(([name, node]) => ({ name, ...node }));
  const urlsOf = (group: string): string =>
    nodesOf(group)
      .map(({ host, openwire }) => `tcp://${addressOf(host)}:${openwire}`)
      .join(',');
  const children = Object.keys(topology.groups).map((group) => {
    const nodes = nodesOf(group);
    const [host, ...others] = new Set(nodes.map((node) => node.host));
    if (host === undefined || others.length > 0) throw new Error(`${group} is not on one host`);
    const bridge = bridges.find(({ from }) => from === group);
    const vars = {
      ansible_host: addressOf(host),
      broker: group,
      urls: urlsOf(group),
      ...(bridge && { bridge_to: urlsOf(bridge.to) }),
      nodes: nodes.map(({ name, openwire, console }) => ({ name, openwire, console })),
    };
    return [group.replace(/([A-Z])/g, '_$1').toLowerCase(), { hosts: { [host]: vars } }] as const;
  });
  return {
    all: {
      vars: {
        ansible_user: 'root',
        ansible_ssh_private_key_file: identity,
        ansible_ssh_common_args: `-o UserKnownHostsFile=${knownHosts} -o IdentitiesOnly=yes`,
        ansible_python_interpreter: '/usr/bin/python3',
        root: '/usr/local/mqcluster',
        tarball,
        probe,
      },
      children: Object.fromEntries(children),
    },
  };
}

export interface Recap {
  changed: number;
  failed: number;
}

/** The sums of all hosts from the recap's `name=count` pairs. */
export function recapOf(stdout: string): Recap {
  const recap = stdout.slice(stdout.lastIndexOf('PLAY RECAP'));
  const sum = (name: string): number =>
    [...recap.matchAll(new RegExp(`\\b${name}=(\\d+)`, 'g'))].reduce((total, [, count]) => total + Number(count), 0);
  if (!/\bok=[1-9]/.test(recap)) throw new Error('Ansible tells of no host');
  return { changed: sum('changed'), failed: sum('failed') + sum('unreachable') };
}

/** Whether a task was reached; a proof that no play came to is none. */
export const ranTask = (stdout: string, name: string): boolean => stdout.includes(`\nTASK [${name}] `);
