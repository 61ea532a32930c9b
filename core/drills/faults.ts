/** The table of faults: what each does, what heals it when everything of Everbroker is dead, and where it can be done. Pure. */
import type { FaultKind, FaultSpec, Role } from './scenario.js';

export type Carrier = 'docker' | 'ssh';

export interface FaultFacts {
  title: string;
  /** What is done. */
  done: string;
  /** Where the dead-man timer runs, and why it survives the fault. */
  timer: string;
  /** What heals it, and how the heal is proven. */
  heals: string;
  /** Kinds of hosts on which it can be done. */
  carriers: readonly Carrier[];
  /** Who can be hit by it. */
  roles: readonly Role[];
  /** What it needs of the cluster, for people. */
  needs: string;
}

const NODES = ['master', 'slave', 'node', 'each-node'] as const;
const HOSTS = ['host-of-master', 'master', 'slave', 'node'] as const;
const EVERYWHERE = ['docker', 'ssh'] as const;

const AGENT = "the host's agent, which is another process than the one that is hit and starts again with the host";
const KERNEL =
  "the kernel of the host: the rule's addresses expire by themselves, and no process or connection is needed for that";

export const FAULTS: Record<FaultKind, FaultFacts> = {
  none: {
    title: 'nothing',
    done: 'nothing is broken; the load alone is judged',
    timer: 'none is needed',
    heals: 'there is nothing to heal',
    carriers: EVERYWHERE,
    roles: ['none'],
    needs: '',
  },
  kill: {
    title: 'kill -9 of the JVM',
    done: 'SIGKILL to the JVM of the node; with `holdSeconds` its agent does not start it again before that',
    timer: AGENT,
    heals: 'the agent starts the node again; healed when its hold is gone',
    carriers: EVERYWHERE,
    roles: NODES,
    needs: '',
  },
  stop: {
    title: 'graceful stop',
    done: 'the agent stops the node as for an update (SIGTERM) and keeps it down',
    timer: AGENT,
    heals: 'the agent starts the node again; healed when its hold is gone',
    carriers: EVERYWHERE,
    roles: NODES,
    needs: '',
  },
  freeze: {
    title: 'SIGSTOP',
    done: 'the JVM is stopped and goes on holding its ports and its lock',
    timer: AGENT,
    heals: 'SIGCONT, or the watchdog of the host that fences the node before; healed when no thread of it is stopped',
    carriers: EVERYWHERE,
    roles: NODES,
    needs: '',
  },
  'lose-host': {
    title: 'loss of a host',
    done: '`kill`: the container is killed, with all its nodes; `cut`: the host loses every connection',
    timer: `\`kill\`: a helper container beside it, which reaches no broker and ends by itself; \`cut\`: ${KERNEL}`,
    heals: 'the container is started again, or the rules are removed; healed when it runs and no rule is left',
    carriers: EVERYWHERE,
    roles: [...HOSTS, 'each-node'],
    needs: 'a group with nodes on another host; `kill` needs containers',
  },
  partition: {
    title: 'network partition',
    done: '`host-and-clients`: the host reaches only the other hosts; `groups`: the hosts of the group do not reach those of others; `node-and-store`: the host does not reach the database',
    timer: KERNEL,
    heals: 'the rules are removed; healed when none is left',
    carriers: EVERYWHERE,
    roles: HOSTS,
    needs: '`groups` needs groups on hosts of their own, `node-and-store` a database of the topology on another host',
  },
  packets: {
    title: 'delay and loss of packets',
    done: 'packets of the host are late by `delayMs`, and `lossPercent` of them are lost',
    timer: 'a helper in the network of the host, which needs no network itself and ends by itself',
    heals: 'the queueing discipline and the rules are removed; healed when neither is left',
    carriers: EVERYWHERE,
    roles: HOSTS,
    needs: 'a kernel with `netem` for a delay: it is asked before anything starts',
  },
  'disk-full': {
    title: 'disk of the store full',
    done: "a file fills the file system of the group's store: a broker that writes stops, and so does the next one that takes over, until there is room",
    timer: AGENT,
    heals: 'the file is removed; healed when it is gone',
    carriers: EVERYWHERE,
    roles: NODES,
    needs: 'a KahaDB on a small file system of its own (at most 1 GiB): no other is ever filled',
  },
  'replace-lock': {
    title: 'lock file replaced',
    done: "the lock file of the group's store is replaced by a new one, which another node takes; held for ten seconds, or until two masters are seen",
    timer: AGENT,
    heals:
      'the master notices within `lockKeepAliveMs` and gives up; one that does not is killed after ten seconds; healed when nobody holds the old file',
    carriers: EVERYWHERE,
    roles: ['master'],
    needs: 'a store of kind `kahadb`',
  },
  'restart-database': {
    title: 'restart of the database',
    done: 'the agent of its host stops the database and starts it again after `holdSeconds`',
    timer: AGENT,
    heals: 'the agent starts it; healed when its hold is gone',
    carriers: EVERYWHERE,
    roles: ['database'],
    needs: 'a store in a database that Everbroker keeps (`databases`)',
  },
  'expire-session': {
    title: 'loss of the ZooKeeper session',
    done: "the host of the node does not reach ZooKeeper's port, on itself neither, for three session timeouts, so that the session ends",
    timer: KERNEL,
    heals: 'the rules are removed, and the node opens a new session by itself; healed when none is left',
    carriers: EVERYWHERE,
    roles: ['master', 'slave', 'node'],
    needs: 'a store of kind `leveldb` with an ensemble that Everbroker keeps (`ensembles`)',
  },
  'cut-bridge': {
    title: 'cut of a bridge',
    done: "the hosts of the two groups do not reach each other's brokers; nothing else between them is touched",
    timer: KERNEL,
    heals: 'the rules are removed; healed when none is left',
    carriers: EVERYWHERE,
    roles: ['bridge'],
    needs: 'groups on hosts of their own',
  },
};

/** Of a fault, with its choices: a killed host is a container. */
export const carriersOf = (fault: FaultSpec): readonly Carrier[] =>
  fault.kind === 'lose-host' && fault.how === 'kill' ? ['docker'] : FAULTS[fault.kind].carriers;

/** A broker that has not noticed a new lock file by then is made to: as long as the agent's timer, which knows no less. */
const LOCK_SECONDS = 10;

/** Of one turn, seconds. */
export const holdOf = (fault: FaultSpec): number => {
  if (fault.kind === 'replace-lock') return LOCK_SECONDS;
  return fault.kind === 'expire-session' ? 0 : (fault.holdSeconds ?? 0);
};
