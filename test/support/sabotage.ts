/** Breaks a running cluster on purpose, as people and machines do: by hand in its hosts, behind Everbroker's back. */
import { z } from 'zod';
import { askAgent } from '../../activities/ask-agent.js';
import type { HostInside, NodeObservation } from '../../core/health/observation.js';
import { AGENT_FILE, credentialsFile, nodeConf } from '../../core/layout.js';
import { containerName } from '../../core/naming.js';
import { groupOf, hostsOfGroup, nodeNamed, nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import { until, type System } from './system.js';

/** Under load a JVM takes many seconds to start. */
const SETTLE_MS = 120_000;

/** One group whose nodes are all on one host. */
export class Victim {
  readonly host: string;
  readonly nodes: string[];
  private readonly system: System;
  private readonly topology: Topology;

  constructor(system: System, topology: Topology, group: string) {
    this.system = system;
    this.topology = topology;
    this.host = hostsOfGroup(topology, group)[0] ?? '';
    this.nodes = nodesOfGroup(topology, group).map((node) => node.name);
  }

  sh(script: string): Promise<string> {
    return this.system.sh(this.topology, this.host, script);
  }

  async look(): Promise<HostInside> {
    const host = this.system.host(this.topology, this.host);
    return (await askAgent(host, { topology: this.topology, agent: '' }, AbortSignal.timeout(SETTLE_MS))).inside;
  }

  private async states(): Promise<NodeObservation[]> {
    return (await this.look()).nodes.filter((node) => this.nodes.includes(node.name));
  }

  /** Edits a file of each node's conf with sed. */
  async edit(file: string, expression: string, nodes: readonly string[] = this.nodes): Promise<void> {
    for (const node of nodes) {
      const path = `${nodeConf(this.topology, node)}/${file}`;
      await this.sh(
        `before=$(sha256sum <${path}); sed -i '${expression}' ${path}; [ "$(sha256sum <${path})" != "$before" ]`,
      );
    }
  }

  /** The credentials keep their owner and mode. */
  async editCredentials(expression: string, node: string): Promise<void> {
    const path = credentialsFile(this.topology, node);
    await this.sh(`cp -p ${path} ${path}.old; sed '${expression}' ${path}.old >${path}; rm ${path}.old`);
  }

  /**
   * Kills the JVMs and waits until the agent has started them anew and they have taken the roles they can.
   * @param ports How many ports a master then opens: the console opens last, unless it was taken away.
   */
  async restart({ nodes = this.nodes, ports = 2 }: { nodes?: readonly string[]; ports?: number } = {}): Promise<void> {
    const before = new Map((await this.states()).map((node) => [node.name, node.starts]));
    for (const node of nodes) await this.sh(`sh ${AGENT_FILE} kill ${node}`);
    await this.all(nodes, (node) => node.starts > (before.get(node.name) ?? 0) && hasRole(node, ports));
  }

  private all(nodes: readonly string[], condition: (node: NodeObservation) => boolean): Promise<void> {
    const met = async (): Promise<boolean> =>
      (await this.states()).filter((node) => nodes.includes(node.name)).every(condition);
    return until(`${nodes.join(', ')} have roles`, met, SETTLE_MS);
  }

  async agent(command: 'up' | 'down', node: string): Promise<void> {
    await this.sh(`sh ${AGENT_FILE} ${command} ${node}`);
    if (command === 'up') await this.all([node], (seen) => hasRole(seen, 2));
  }

  /** The node that serves, once there is one. */
  async master(): Promise<NodeObservation> {
    let found: NodeObservation | undefined;
    await until(
      `a master on ${this.host}`,
      async () => {
        found = (await this.states()).find((node) => node.process.alive && node.log.role === 'master');
        return found !== undefined;
      },
      SETTLE_MS,
    );
    if (found === undefined) throw new Error('no master');
    return found;
  }

  /** What a verification must leave as it was: files with their times, starts, and the broker's own queues. */
  async traces(): Promise<string> {
    const files = [`${this.topology.root}/*/conf`, '/var/lib/everbroker/*.*', '/var/lib/everbroker/nodes/*/[!r]*'];
    const listed = await this.sh(`find ${files.join(' ')} -type f ! -name events.log -printf '%p %T@ %m %U\n' | sort`);
    return `${listed}\n${(await this.probeQueues()).join('\n')}`;
  }

  /** Names of the probe's queues that the master still has. */
  async probeQueues(): Promise<string[]> {
    const node = nodeNamed(this.topology, (await this.master()).name);
    const { console: login } = await this.system.credentials(this.topology.name);
    const path =
      '/api/jolokia/search/org.apache.activemq:type=Broker,brokerName=*,destinationType=Queue,destinationName=EVERBROKER.*';
    const authorization = `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`;
    const answer = await fetch(`http://127.0.0.1:${node.console}${path}`, {
      headers: { authorization, origin: 'http://localhost' },
    });
    const { value } = z.object({ value: z.array(z.string()) }).parse(await answer.json());
    return value;
  }

  async container(): Promise<string> {
    const container = await this.system.engine.container(containerName(this.topology, this.host));
    if (container === null) throw new Error(`${this.host} has no container`);
    return container.id;
  }
}

export function storeOf(topology: Topology, group: string): string {
  const { store } = groupOf(topology, group);
  if (store.kind !== 'kahadb') throw new Error(`${group} has no directory`);
  return store.directory;
}

const hasRole = (node: NodeObservation, ports: number): boolean =>
  node.process.alive && (node.log.role === 'slave' || (node.log.role === 'master' && node.listening.length >= ports));
