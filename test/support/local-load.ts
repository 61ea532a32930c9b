/** The load's activities on this machine: a host without an agent, its state directory below one of the test's own. */
import { mkdirSync, symlinkSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join, resolve } from 'node:path';
import { realpathSync } from 'node:fs';
import { AGENT_FILE, STATE_DIR } from '../../core/layout.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../../activities/deps.js';
import type { Host } from '../../hosts/host.js';
import { localHost } from './local-host.js';
import { parsed } from './topologies.js';

/** Where a host has its nodes; here it is the test's directory. */
const ROOT = '/srv/mq';

export interface LocalLoad {
  topology: Topology;
  deps: Deps;
  /** Where the host's state directory is. */
  state: string;
}

/** @param work Where the distribution is unpacked and the broker of node `mq1` has its base. */
export function localLoad(work: string, home: string, openwire: number): LocalLoad {
  const state = join(work, 'state');
  mkdirSync(join(state, 'probe'), { recursive: true });
  mkdirSync(join(work, '.activemq'));
  symlinkSync(home, join(work, '.activemq', 'apache-activemq-5.18.3'));
  const java = execFileSync('sh', ['-c', 'command -v java'], { encoding: 'utf8' }).trim();
  symlinkSync(dirname(dirname(realpathSync(java))), join(state, 'java'));
  symlinkSync(resolve('dist', 'probe', 'everbroker-probe.jar'), join(state, 'probe', 'everbroker-probe.jar'));
  const topology = parsed({
    version: 1,
    name: 'load',
    root: ROOT,
    activemq: { version: '5.18.3' },
    hosts: { here: { kind: 'ssh', address: '127.0.0.1' } },
    groups: {
      brokers: {
        store: { kind: 'kahadb', directory: `${ROOT}/mq1/data/kahadb` },
        nodes: { mq1: { host: 'here', openwire, console: 8161 } },
      },
    },
    bridges: [],
  });
  const host = movedHost(localHost('here'), { [STATE_DIR]: state, [ROOT]: work });
  return { topology, state, deps: { openHost: () => Promise.resolve(host) } as unknown as Deps };
}

/** No agent guards this host, and its directories lie elsewhere. */
function movedHost(host: Host, moves: Record<string, string>): Host {
  return {
    ...host,
    exec(argv, options) {
      const isGuarded = argv[1] === AGENT_FILE && argv[2] === 'guard';
      const bare = isGuarded ? argv.slice(5) : argv;
      return host.exec(
        bare.map((word) => Object.entries(moves).reduce((text, [from, to]) => text.replaceAll(from, to), word)),
        options,
      );
    },
  };
}
