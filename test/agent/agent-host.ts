/** A host for the agent in a temporary directory: its state, a home, and a "JVM" that is a small sh script. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { agentText } from '../../artefacts/agent-text.js';

export interface Answer {
  code: number;
  stdout: string;
  stderr: string;
}

/** Listens on the ports of its base as a broker does, and answers; on USR2 it hangs. */
const FAKE_BROKER = `const { readFileSync } = require('node:fs');
const base = process.argv[2].replace('-Dactivemq.base=', '');
for (const port of readFileSync(base + '/ports', 'utf8').split(' '))
  if (port) require('node:net').createServer((socket) => socket.on('error', () => {}).end('x')).listen(Number(port));
process.on('SIGUSR2', () => { for (;;); });
setInterval(() => {}, 1000);
`;

/** Understands TERM, and writes the log lines that it finds in `script` of its base. */
const FAKE_JVM = `#!/bin/sh
[ "$1" = -version ] && { echo 'openjdk version "17.0.11" 2024-04-16' >&2; exit 0; }
base=\${1#-Dactivemq.base=}
[ -f "$base/ports" ] && exec node "$base/broker.cjs" "$@"
[ -f "$base/stubborn" ] && trap '' TERM || trap 'exit 0' TERM
[ -f "$base/script" ] && cat "$base/script" >> "$base/data/activemq.log"
[ -f "$base/dies" ] && exit 1
[ -f "$base/locks" ] && exec 3<>"$base/data/kahadb/lock"
while :; do
  [ -f "$base/minds" ] && ! [ "$base/data/kahadb/lock" -ef /proc/$$/fd/3 ] && exec 3<>"$base/data/kahadb/lock"
  sleep 0.05
done
`;

/** Of nodes that serve not. ActiveMQ's own ports may be those of a cluster started on this very machine: then they serve. */
const NOBODY_LISTENS = { openwire: 1, console: 2 };

export class AgentHost {
  readonly root: string;
  readonly state: string;
  readonly #agents: ChildProcess[] = [];
  readonly #uid = String(process.getuid?.() ?? 0);

  constructor(root: string) {
    this.root = root;
    this.state = join(root, 'state');
  }

  static async make(): Promise<AgentHost> {
    const host = new AgentHost(await mkdtemp(join(tmpdir(), 'everbroker-agent-')));
    await mkdir(join(host.state, 'nodes'), { recursive: true });
    await mkdir(join(host.state, 'java/bin'), { recursive: true });
    await mkdir(join(host.root, '.activemq/apache-activemq-5.18.3'), { recursive: true });
    await writeFile(join(host.root, '.activemq/apache-activemq-5.18.3/.complete'), '');
    await writeFile(join(host.state, 'agent.sh'), agentText());
    await writeFile(join(host.state, 'java/bin/java'), FAKE_JVM);
    await chmod(join(host.state, 'java/bin/java'), 0o755);
    return host;
  }

  base = (node: string): string => join(this.root, node);
  nodeState = (node: string, file: string): string => join(this.state, 'nodes', node, file);

  async addNode(
    node: string,
    desired: 'up' | 'down' = 'up',
    stopSeconds = 5,
    more: Record<string, string> = {},
  ): Promise<void> {
    const base = this.base(node);
    await mkdir(join(base, 'conf'), { recursive: true });
    await mkdir(join(base, 'data/kahadb'), { recursive: true });
    await mkdir(join(this.state, 'nodes', node), { recursive: true });
    await writeFile(join(base, 'conf/java.args'), '-Xmx64m\n');
    await writeFile(this.nodeState(node, 'desired'), `${desired}\n`);
    const launch = {
      NODE: node,
      GROUP: 'brokerA',
      BASE: base,
      HOME_DIR: join(this.root, '.activemq/apache-activemq-5.18.3'),
      JAVA: join(this.state, 'java/bin/java'),
      RUN_UID: this.#uid,
      RUN_GID: String(process.getgid?.() ?? 0),
      ARGS: join(base, 'conf/java.args'),
      OPENWIRE: String(NOBODY_LISTENS.openwire),
      CONSOLE: String(NOBODY_LISTENS.console),
      STORE: join(base, 'data/kahadb'),
      STOP_SECONDS: String(stopSeconds),
      ...more,
    };
    const lines = Object.entries(launch).map(([key, value]) => `${key}=${value}\n`);
    await writeFile(this.nodeState(node, 'launch'), lines.join(''));
  }

  /** A node whose JVM listens on these ports; none: it lives and serves not yet. */
  async addBroker(node: string, ports: number[], more: Record<string, string> = {}): Promise<void> {
    const [openwire = NOBODY_LISTENS.openwire, console = NOBODY_LISTENS.console] = ports;
    await this.addNode(node, 'up', 5, { OPENWIRE: String(openwire), CONSOLE: String(console), ...more });
    await writeFile(join(this.base(node), 'ports'), ports.join(' '));
    await writeFile(join(this.base(node), 'broker.cjs'), FAKE_BROKER);
  }

  /** Starts the supervising agent and waits until it says that it runs. */
  async run(): Promise<ChildProcess> {
    const before = (await this.events()).filter((line) => line.includes('agent running')).length;
    const agent = spawn('sh', [join(this.state, 'agent.sh'), 'run'], { env: this.#env(), stdio: 'ignore' });
    this.#agents.push(agent);
    await until('the agent runs', async () => {
      return (await this.events()).filter((line) => line.includes('agent running')).length > before;
    });
    return agent;
  }

  agent(...args: string[]): Promise<Answer> {
    return new Promise((resolve) => {
      execFile('sh', [join(this.state, 'agent.sh'), ...args], { env: this.#env() }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
      });
    });
  }

  observe(...nodes: string[]): Promise<Answer> {
    const stores = nodes.map((node) => `${node}=${join(this.base(node), 'data/kahadb')}`);
    return this.agent('observe', this.root, this.#uid, ...stores);
  }

  async events(): Promise<string[]> {
    const text = await readFile(join(this.state, 'events.log'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Pids of the processes with exactly this node's base in their command line, read without the agent. */
  async jvms(node: string): Promise<number[]> {
    const found: number[] = [];
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const cmdline = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      if (cmdline.split('\0').includes(`-Dactivemq.base=${this.base(node)}`)) found.push(Number(pid));
    }
    return found;
  }

  async jvm(node: string, except = 0): Promise<number> {
    let pid = 0;
    await until(`${node} runs`, async () => {
      const [first] = await this.jvms(node);
      pid = first !== undefined && first !== except ? first : 0;
      return pid !== 0;
    });
    return pid;
  }

  /** Ends what this host started, agents first, so that they restart nothing. */
  async remove(): Promise<void> {
    for (const agent of this.#agents) agent.kill('SIGKILL');
    await pause(50);
    const nodes = await readdir(join(this.state, 'nodes'));
    for (const node of nodes) for (const pid of await this.jvms(node)) process.kill(pid, 'SIGKILL');
    await until('all processes are gone', async () => {
      return (await Promise.all(nodes.map((node) => this.jvms(node)))).every((pids) => pids.length === 0);
    });
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }

  #env(): NodeJS.ProcessEnv {
    return { ...process.env, EVERBROKER_STATE: this.state };
  }
}

/** Polls; the limit is only there so that a test that would never end fails. */
export async function until(what: string, so: () => Promise<boolean>, limitMs = 20_000): Promise<void> {
  for (const end = Date.now() + limitMs; Date.now() < end;) {
    if (await so()) return;
    await pause(30);
  }
  throw new Error(`it did not come about that ${what}`);
}

/** Ports that nobody uses at this moment. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve) => {
          const server = createServer().listen(0, () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
