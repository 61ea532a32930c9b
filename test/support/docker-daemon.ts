/**
 * A Docker engine of a test's own, for tests that kill and restart it. It shares nothing with the machine's engine but
 * the kernel: own socket, data, containerd, and no packet filter of its own. A second dockerd that manages iptables would
 * empty the chains of the first one when it starts, and one without a default bridge (`--bridge none`) would delete the
 * first one's docker0, and so would one with address pools of its own when it starts again. So this one gets a bridge of
 * its own name and rules for its own addresses, made and removed here; its networks must name their subnets.
 */
import { randomInt } from 'node:crypto';
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir, mkdtemp, open, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import ipaddr from 'ipaddr.js';
import { dockerClient, type DockerClient } from '../../hosts/docker-client.js';

const exec = promisify(execFile);
const START_MS = 60_000;
/** dockerd gives its containers ten seconds of grace when it is told to end. */
const STOP_MS = 30_000;

export interface DockerDaemonOptions {
  /** A /16. All its networks must be given subnets in here; no two daemons and no network of the machine may share it. */
  subnet?: string;
  /** Images copied from the machine's engine. */
  images?: readonly string[];
}

export interface DockerDaemon {
  /** For DOCKER_HOST and `hosts.*.engine`. */
  address: string;
  client: DockerClient;
  /** Where the subnets of its networks must lie. */
  subnet: string;
  /** Ends it (KILL: as a crash; TERM: as an upgrade) and starts it again; resolves when it answers. */
  restart(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  /** Ends it without starting it again. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>;
  start(): Promise<void>;
  /** Removes everything that it ever made. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts an engine; needs root, dockerd and iptables, as the set-up for tests brings them. */
export async function startDockerDaemon(options: DockerDaemonOptions = {}): Promise<DockerDaemon> {
  const subnet = options.subnet ?? '10.213.0.0/16';
  const directory = await mkdtemp(join(tmpdir(), 'everbroker-dockerd-'));
  const socket = join(directory, 'docker.sock');
  const client = dockerClient(`unix://${socket}`);
  const rules = packetRules(subnet);
  const bridge = `ebtest${randomInt(0x10000, 0xfffff).toString(16)}`;
  let process: ChildProcess | undefined;
  let stopped = false;

  const start = async (): Promise<void> => {
    process = await launch({ directory, socket, subnet, bridge });
    await untilAnswers(client, process, directory);
  };
  const kill = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> => {
    if (process) await endProcess(process, signal);
    process = undefined;
    await endContainerd(directory);
  };
  const stop = async (): Promise<void> => {
    if (stopped) return;
    stopped = true;
    if (process && process.exitCode === null) await removeContainers(client).catch(() => undefined);
    await kill('SIGTERM');
    await killLeftovers(directory);
    await changeRules('-D', rules);
    await removeBridges(subnet);
    await removeTree(directory);
  };

  try {
    await makeBridge(bridge, subnet);
    await changeRules('-I', rules);
    await start();
    for (const image of options.images ?? ['everbroker/debian:bookworm']) await copyImage(image, client);
  } catch (error) {
    await stop();
    throw error;
  }
  const restart = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> => {
    await kill(signal);
    await start();
  };
  return { address: client.address, client, subnet, restart, kill, start, stop };
}

async function launch(where: {
  directory: string;
  socket: string;
  subnet: string;
  bridge: string;
}): Promise<ChildProcess> {
  const { directory, socket, bridge } = where;
  await mkdir(join(directory, 'data'), { recursive: true });
  const log = await open(join(directory, 'dockerd.log'), 'a');
  try {
    const args = [
      ...['--host', `unix://${socket}`, '--data-root', join(directory, 'data'), '--exec-root', join(directory, 'exec')],
      ...['--pidfile', join(directory, 'docker.pid'), '--config-file', join(directory, 'daemon.json')],
      ...['--bridge', bridge, '--iptables=false', '--ip6tables=false'],
    ];
    await writeFile(join(directory, 'daemon.json'), JSON.stringify(await ownIdentity(directory)));
    return spawn('dockerd', args, { stdio: ['ignore', log.fd, log.fd], cwd: '/', detached: true });
  } finally {
    await log.close();
  }
}

/** Before Docker 23 the engine's id came from a key of the machine, so that two engines of one machine shared it. */
async function ownIdentity(directory: string): Promise<Record<string, string>> {
  const { stdout } = await exec('dockerd', ['--version']);
  const major = Number(/version (\d+)/.exec(stdout)?.[1]);
  return major < 23 ? { 'deprecated-key-path': join(directory, 'key.json') } : {};
}

async function untilAnswers(client: DockerClient, process: ChildProcess, directory: string): Promise<void> {
  const end = Date.now() + START_MS;
  for (;;) {
    const answered = await client.docker.ping().then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (process.exitCode !== null || Date.now() > end) {
      const log = await readFile(join(directory, 'dockerd.log'), 'utf8');
      throw new Error(`the test's dockerd does not answer:\n${log.split('\n').slice(-12).join('\n')}`);
    }
    await delay(50);
  }
}

async function endProcess(process: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (process.exitCode !== null || process.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  process.kill(signal);
  const late = AbortSignal.timeout(STOP_MS);
  await Promise.race([ended, new Promise<void>((resolve) => late.addEventListener('abort', () => resolve()))]);
  if (process.exitCode === null && process.signalCode === null) process.kill('SIGKILL');
  await ended;
}

/**
 * A killed dockerd takes its containerd along, and where nobody reaps that (a container's PID 1) its pid seems alive: the
 * next dockerd would wait for it in vain. The containers go on in their shims, as after a crash of a whole engine.
 */
async function endContainerd(directory: string): Promise<void> {
  const pidFile = join(directory, 'exec', 'containerd', 'containerd.pid');
  const pid = (await readFile(pidFile, 'utf8').catch(() => '')).trim();
  const isOurs = async (): Promise<boolean> =>
    pid !== '' && (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(`${directory}/`);
  while (await isOurs()) {
    killQuietly(Number(pid));
    await delay(20);
  }
  await rm(pidFile, { force: true });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended by itself meanwhile
  }
}

async function removeContainers(client: DockerClient): Promise<void> {
  const containers = await client.docker.listContainers({ all: true });
  await Promise.all(containers.map(({ Id }) => client.docker.getContainer(Id).remove({ force: true, v: true })));
}

/** What a killed engine leaves running (containerd, its shims, port proxies) names this daemon's directory. */
async function killLeftovers(directory: string): Promise<void> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  for (const pid of pids) {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (commandLine.includes(`${directory}/`)) killQuietly(Number(pid));
  }
}

/** The default bridge takes the range's last /24. */
async function makeBridge(name: string, subnet: string): Promise<void> {
  const [first, second] = subnet.split('.');
  await exec('ip', ['link', 'add', name, 'type', 'bridge']);
  await exec('ip', ['address', 'add', `${first}.${second}.255.1/24`, 'dev', name]);
  await exec('ip', ['link', 'set', name, 'up']);
}

/** Bridges are the kernel's: the default one, and those of networks that a killed engine could not remove. */
async function removeBridges(subnet: string): Promise<void> {
  const { stdout } = await exec('ip', ['-o', '-4', 'address', 'show']);
  const range = ipaddr.IPv4.parseCIDR(subnet);
  for (const [, name, address] of stdout.matchAll(/^\d+: (\S+)\s+inet ([\d.]+)/gm)) {
    if (!name || !address || !ipaddr.IPv4.parse(address).match(range)) continue;
    const { stdout: ports } = await exec('ip', ['-o', 'link', 'show', 'master', name]);
    const veths = [...ports.matchAll(/^\d+: ([^@:\s]+)/gm)].map(([, port]) => port ?? '');
    for (const link of [...veths, name]) await exec('ip', ['link', 'delete', link]).catch(() => undefined);
  }
}

type Rule = readonly [chain: string, ...rule: string[]];

/** Docker's own rules forbid forwarding by default; these allow it for this daemon's addresses, and translate them. */
const packetRules = (subnet: string): Rule[] => [
  ['FORWARD', '-s', subnet, '-j', 'ACCEPT'],
  ['FORWARD', '-d', subnet, '-j', 'ACCEPT'],
  ['POSTROUTING', '-t', 'nat', '-s', subnet, '!', '-d', subnet, '-j', 'MASQUERADE'],
];

async function changeRules(action: '-I' | '-D', rules: readonly Rule[]): Promise<void> {
  for (const rule of rules) {
    const changed = exec('iptables', ['--wait', action, ...rule]);
    await (action === '-I' ? changed : changed.catch(() => undefined));
  }
}

/** Without a container's mounts gone, the directory cannot be removed. */
async function removeTree(directory: string): Promise<void> {
  const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const mount of mounts.filter((path) => path.startsWith(`${directory}/`)).reverse()) {
    await exec('umount', ['--lazy', mount]).catch(() => undefined);
  }
  await rm(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
}

async function copyImage(image: string, to: DockerClient): Promise<void> {
  const saved = await dockerClient().docker.getImage(image).get();
  const answer = await to.docker.loadImage(saved);
  await new Promise<void>((resolve, reject) => {
    to.docker.modem.followProgress(answer, (error) => (error ? reject(error) : resolve()));
  });
}
