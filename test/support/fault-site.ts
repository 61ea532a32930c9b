/** Two containers that talk to each other and a cluster's claim: enough of a cluster for faults around hosts, without brokers. */
import { LABEL_CLUSTER, LABEL_HOST, LABEL_ROLE, containerName } from '../../core/naming.js';
import type { FaultAround, FaultAt } from '../../activities/platforms/platform.js';
import { docker } from '../../activities/platforms/docker.js';
import type { Deps } from '../../activities/deps.js';
import { dockerHostOf, type Topology } from '../../core/topology/topology.js';
import { dockerClient } from '../../hosts/docker-client.js';
import { openDockerEngine, type DockerEngine } from '../../hosts/docker-engine.js';
import { openDockerHost } from '../../hosts/docker-host.js';
import type { Host } from '../../hosts/host.js';
import { BASE_IMAGE } from '../../images/base-image.js';
import { faultImage } from '../../images/fault-image.js';
import { removeCluster } from './system.js';
import { parsed } from './topologies.js';

const PORTS = [61616, 8161];

/** Greets everyone on each TCP port, and counts what comes as UDP on port 9000 into a file. */
export const LISTEN = `use IO::Socket::INET; use IO::Select;
my @all = map { IO::Socket::INET->new(LocalPort => $_, Listen => 9, ReuseAddr => 1) or die } @ARGV;
my $udp = IO::Socket::INET->new(LocalPort => 9000, Proto => "udp") or die;
my $count = 0; my $select = IO::Select->new(@all, $udp);
while (1) { for my $ready ($select->can_read) {
  if ($ready == $udp) { $udp->recv(my $text, 100); $count++; open my $file, ">", "/tmp/count.new"; print $file $count; close $file; rename "/tmp/count.new", "/tmp/count" }
  else { my $peer = $ready->accept or next; print $peer "hello\\n"; close $peer }
} }`;

const REACH = `timeout 1 bash -c 'exec 3<>"/dev/tcp/$0/$1" && read -r -u 3 line && [ "$line" = hello ]' "$1" "$2" 2>/dev/null`;

const DATAGRAMS = `use IO::Socket::INET;
my $to = IO::Socket::INET->new(PeerAddr => $ARGV[0], PeerPort => 9000, Proto => "udp") or die;
for (1 .. $ARGV[1]) { $to->send("x"); select undef, undef, undef, 0.001 }`;

/** After nothing waits to be counted any more: port 9000 is 2328 in the kernel's table. */
const COUNTED = `while awk '$2 ~ /:2328$/ && $5 !~ /:0+$/ { waits = 1 } END { exit !waits }' /proc/net/udp; do sleep 0.05; done
sleep 0.1; cat /tmp/count 2>/dev/null || echo 0`;

export class FaultSite {
  readonly engine: DockerEngine = openDockerEngine();
  readonly topology: Topology;
  readonly deps: Deps;
  readonly token = 'drill-1';

  constructor(name: string, subnet: string) {
    const [base = ''] = subnet.split('.0/');
    const network = { name: `${name}-net`, subnet };
    const nodes = {
      n1: { host: 'h1', openwire: 61616, console: 8161 },
      n2: { host: 'h2', openwire: 61616, console: 8161 },
    };
    this.topology = parsed({
      version: 1,
      name,
      activemq: { version: '5.18.3' },
      hosts: Object.fromEntries(
        ['h1', 'h2'].map((host, index) => [
          host,
          { kind: 'docker' as const, address: `${base}.${11 + index}`, network, publish: false as const },
        ]),
      ),
      groups: Object.fromEntries(
        Object.entries(nodes).map(([node, at]) => [
          `g${node}`,
          { store: { kind: 'kahadb' as const, directory: `/srv/${node}` }, nodes: { [node]: at } },
        ]),
      ),
      bridges: [],
    });
    this.deps = {
      engine: () => this.engine,
      openHost: (_topology: Topology, host: string) => Promise.resolve(this.host(host)),
      ensureImage: async (_on: DockerEngine, image: string | undefined, signal: AbortSignal) =>
        image === undefined ? BASE_IMAGE : faultImage.ensure({ engine: dockerClient(), log: () => undefined, signal }),
    } as unknown as Deps;
  }

  host(name: string): Host {
    return openDockerHost({ container: containerName(this.topology, name), name });
  }

  address(host: string): string {
    return dockerHostOf(this.topology, host).address;
  }

  /** The containers run and listen, and the cluster is claimed by `token`. */
  async start(): Promise<void> {
    const { topology, engine, token } = this;
    await removeCluster(engine, topology.name);
    const labels = { [LABEL_CLUSTER]: topology.name };
    const { name, subnet } = dockerHostOf(topology, 'h1').network;
    await engine.createNetwork({ name, subnet: subnet ?? '', labels });
    for (const host of ['h1', 'h2']) {
      const { id } = await engine.createContainer({
        name: containerName(topology, host),
        hostname: host,
        image: BASE_IMAGE,
        labels: { ...labels, [LABEL_HOST]: host, [LABEL_ROLE]: 'host' },
        network: name,
        address: this.address(host),
        ports: [],
        volumes: [],
        command: ['perl', '-e', LISTEN, ...PORTS.map(String)],
        files: [],
        stopTimeoutSeconds: 1,
      });
      await engine.startContainer(id);
    }
    const [lease] = docker.leases(this.deps, topology, ['h1']);
    const claim = { cluster: topology.name, token, operation: 'a test', renewedAt: 0 };
    await lease?.take(claim, this.signal());
  }

  stop(): Promise<void> {
    return removeCluster(this.engine, this.topology.name);
  }

  signal(): AbortSignal {
    return AbortSignal.timeout(60_000);
  }

  private site(host: string) {
    return { deps: this.deps, topology: this.topology, host };
  }

  problems(host: string, faults: FaultAround[]): Promise<string[]> {
    return docker.faults.problems(this.site(host), faults, this.signal());
  }

  inject(host: string, at: FaultAt, token = this.token) {
    return docker.faults.inject(this.site(host), { ...at, token }, this.signal());
  }

  heal(host: string, at: FaultAt) {
    return docker.faults.heal(this.site(host), at, this.signal());
  }

  look(host: string, at: FaultAt) {
    return docker.faults.look(this.site(host), at, this.signal());
  }

  async isRunning(host: string): Promise<boolean> {
    return (await this.engine.container(containerName(this.topology, host)))?.running === true;
  }

  /** Names of the helper containers that there are, whatever they are doing. */
  async helpers(): Promise<string[]> {
    const all = await this.engine.listContainers(this.topology.name);
    return all.filter(({ labels }) => labels[LABEL_ROLE] === 'fault').map(({ name }) => name);
  }

  /** Whether h2 gets h1's greeting on a port. */
  async reaches(port = 61616): Promise<boolean> {
    const argv = ['sh', '-c', REACH, 'reach', this.address('h1'), String(port)];
    return (await this.host('h2').exec(argv, { timeoutMs: 10_000 })).exitCode === 0;
  }

  /** How many of this many datagrams from h2 arrive at h1. */
  async arrivals(sent: number): Promise<number> {
    const count = async (): Promise<number> =>
      Number((await this.host('h1').exec(['sh', '-c', COUNTED], { timeoutMs: 10_000 })).stdout);
    const before = await count();
    await this.host('h2').exec(['perl', '-e', DATAGRAMS, this.address('h1'), String(sent)], { timeoutMs: 20_000 });
    return (await count()) - before;
  }
}
