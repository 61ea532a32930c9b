/**
 * Machines behind SSH for tests: containers with sshd on a network of their own. Each has a host key of its own, and
 * root, `deploy` (sudo freely), `admin` (sudo with its password) and `plain` (no sudo) let the same key in.
 */
import { createHash, randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { archiveOf, type HostFile } from '../../hosts/archive.js';
import { dockerClient } from '../../hosts/docker-client.js';
import { openDockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { SSHD_IMAGE, ensureSshdImage, type SshdImage } from '../../images/sshd-image.js';
import { makeKey } from './ssh-keys.js';

export interface SshHostsOptions {
  /** Of its own; the hosts are .10, .11 … in it. */
  subnet: `${number}.${number}.${number}.0/24`;
  count?: number;
  /** A fixed one instead of one by chance: then what an earlier run left under it is removed first. */
  id?: string;
  /** SSHD_JRE_IMAGE: Java is there already. */
  image?: SshdImage;
  /** Instead of sshd alone. It has to start `/usr/sbin/sshd` itself. */
  command?: string[];
  /** More lines for sshd_config. */
  sshdConfig?: string;
  /** With what systemd needs to be process 1: mounts, and control groups of its own, which `command` has to mount. */
  systemd?: true;
  tmpfs?: Record<string, string>;
  /** A directory that all of them see, in a volume that goes with them. */
  shared?: string;
  /** By default the engine's own and no more. */
  capabilities?: string[];
}

export interface SshTestHost {
  address: string;
  container: string;
  /** SHA256:… of its host key. */
  fingerprint: string;
  /** As a line of known_hosts has it after the name: `ssh-ed25519 AAAA…`. */
  publicKey: string;
  /** As root and past SSH, for looking at it behind the subject's back. */
  inside: Host;
  /** As if its power failed and came back. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  /** Reinstalled: another host key, the same address. Returns the new fingerprint. */
  changeHostKey(): Promise<string>;
}

export interface SshHosts {
  hosts: SshTestHost[];
  /** Private key (OpenSSH) that all their users let in. */
  privateKey: string;
  /** The same as `ssh-ed25519 AAAA…`. */
  publicKey: string;
  /** Of root, admin and plain. */
  password: string;
  close(): Promise<void>;
}

const within = { timeoutMs: 60_000 };
const LABEL = 'everbroker.test-ssh';
const USERS = ['deploy', 'admin', 'plain'];

/** The fingerprint as ssh-keygen and sshd show it. */
export function fingerprintOf(publicKey: string): string {
  const blob = Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

export async function startSshHosts(options: SshHostsOptions): Promise<SshHosts> {
  const id = options.id ?? randomUUID().slice(0, 8);
  const image = await ensureSshdImage({ engine: dockerClient(), log: () => undefined }, options.image ?? SSHD_IMAGE);
  const network = `everbroker-ssh-${id}`;
  const key = makeKey();
  const password = `pw-${randomUUID()}`;
  const started: SshTestHost[] = [];
  const close = async (): Promise<void> => {
    const { docker } = dockerClient();
    const filters = { label: [`${LABEL}=${id}`] };
    const containers = await docker.listContainers({ all: true, filters });
    await Promise.all(containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })));
    for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
    if (options.shared !== undefined) await docker.getVolume(network).remove();
  };
  if (options.id !== undefined) await close();
  try {
    await openDockerEngine().createNetwork({ name: network, subnet: options.subnet, labels: { [LABEL]: id } });
    const numbers = Array.from({ length: options.count ?? 1 }, (_, i) => i);
    const made = numbers.map((number) => startOne({ id, network, image, number, key: key.public, password, options }));
    started.push(...(await Promise.all(made)));
  } catch (error) {
    await close();
    throw error;
  }
  return { hosts: started, privateKey: key.private, publicKey: key.public, password, close };
}

interface Making {
  id: string;
  network: string;
  image: string;
  number: number;
  key: string;
  password: string;
  options: SshHostsOptions;
}

async function startOne(making: Making): Promise<SshTestHost> {
  const { options, number, key, password } = making;
  const container = `${making.network}-${number}`;
  const address = options.subnet.replace('.0/24', `.${10 + number}`);
  const made = await dockerClient().docker.createContainer(containerOf(making, container, address));
  const hostKey = makeKey();
  const files = [...hostKeyFiles(hostKey), ...userFiles(key), ...configFiles(options.sshdConfig)];
  await made.putArchive(await archiveOf(files), { path: '/' });
  await made.start();
  const inside = openDockerHost({ container, name: container });
  const passwords = ['root', 'admin', 'plain'].map((user) => `${user}:${password}\n`).join('');
  const changed = await inside.exec(['sh', '-c', OWN_FILES], { ...within, stdin: passwords });
  if (changed.exitCode !== 0) throw new Error(`${container}: ${changed.stderr}`);
  await untilListens(address);
  return {
    address,
    container,
    inside,
    fingerprint: fingerprintOf(hostKey.public),
    publicKey: hostKey.public.split(' ').slice(0, 2).join(' '),
    async restart() {
      await made.restart({ t: 0 });
      await untilListens(address);
    },
    stop: async () => void (await made.kill()),
    async changeHostKey() {
      const other = makeKey();
      await made.putArchive(await archiveOf(hostKeyFiles(other)), { path: '/' });
      await made.restart({ t: 0 });
      await untilListens(address);
      return fingerprintOf(other.public);
    },
  };
}

/** Reads user:password lines. The directories of tar belong to root, and sshd is strict about that. */
const OWN_FILES = `chpasswd || exit 1
for user in ${USERS.join(' ')}; do chown -R "$user:$user" "/home/$user/.ssh" || exit 1; done`;

function containerOf({ id, network, image, options, number }: Making, name: string, address: string) {
  return {
    name,
    Hostname: `ssh${number}`,
    Image: image,
    Labels: { [LABEL]: id },
    Cmd: options.command ?? ['/usr/sbin/sshd', '-D', '-e'],
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
    HostConfig: {
      NetworkMode: network,
      // An init of one's own has to be process 1.
      Init: options.command === undefined,
      Tmpfs: { ...(options.systemd ? { '/run': 'rw', '/run/lock': 'rw' } : {}), ...options.tmpfs },
      Mounts:
        options.shared === undefined ? [] : [{ Type: 'volume' as const, Source: network, Target: options.shared }],
      CapAdd: [...(options.systemd ? ['SYS_ADMIN'] : []), ...(options.capabilities ?? [])],
      ...(options.systemd
        ? { CgroupnsMode: 'private' as const, SecurityOpt: ['seccomp=unconfined', 'apparmor=unconfined'] }
        : {}),
    },
  };
}

const hostKeyFiles = (key: { private: string; public: string }): HostFile[] => [
  { path: '/etc/ssh/ssh_host_ed25519_key', content: key.private, mode: 0o600 },
  { path: '/etc/ssh/ssh_host_ed25519_key.pub', content: `${key.public}\n`, mode: 0o644 },
];

const userFiles = (publicKey: string): HostFile[] =>
  ['/root', ...USERS.map((user) => `/home/${user}`)].map((home) => ({
    path: `${home}/.ssh/authorized_keys`,
    content: `${publicKey}\n`,
    mode: 0o600,
  }));

const configFiles = (text: string | undefined): HostFile[] =>
  text === undefined ? [] : [{ path: '/etc/ssh/sshd_config.d/more.conf', content: `${text}\n`, mode: 0o644 }];

async function untilListens(address: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while (!(await greets(address))) {
    if (Date.now() > deadline) throw new Error(`sshd on ${address} did not start`);
    await delay(50);
  }
}

const greets = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: 22, timeout: 2_000 });
    const end = (answer: boolean): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => end(data.toString().startsWith('SSH-')));
    for (const failure of ['error', 'timeout', 'close']) socket.once(failure, () => end(false));
  });
