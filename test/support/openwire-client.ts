/** ActiveMQ's own command-line producer and consumer inside a host: a client that knows nothing of Everbroker's rules. */
import { JAVA_LINK, activemqHome } from '../../core/layout.js';
import { hostOf, nodesOfGroup, type Topology } from '../../core/topology/topology.js';
import type { System } from './system.js';

interface Login {
  user: string;
  password: string;
}

export interface ClientTask {
  system: System;
  topology: Topology;
  group: string;
  queue: string;
  /** null: anonymous. */
  login: Login | null;
}

const SCRIPT = `cd "$1" && shift && java=$1 && shift
LC_ALL=C.UTF-8 exec "$java/bin/java" -Xmx64m -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp 'lib/*:lib/optional/*' \\
  -Dactivemq.home=. org.apache.activemq.console.Main "$@" 2>&1`;

async function main({ system, topology, group, queue, login }: ClientTask, verb: string): Promise<string> {
  const nodes = nodesOfGroup(topology, group);
  const uris = nodes.map((node) => `tcp://${hostOf(topology, node.host).address}:${node.openwire}`);
  // Without the advisories that clients usually listen to: the probe's user may not, and does not need to.
  const url = `failover:(${uris.join(',')})?startupMaxReconnectAttempts=20&jms.watchTopicAdvisories=false`;
  const credentials = login === null ? [] : ['--user', login.user, '--password', login.password];
  const argv = [verb, '--brokerUrl', url, ...credentials, '--destination', `queue://${queue}`, '--messageCount', '1'];
  const host = system.host(topology, nodes[0]?.host ?? '');
  const options = { timeoutMs: 60_000 };
  return (await host.exec(['sh', '-c', SCRIPT, 'sh', activemqHome(topology), JAVA_LINK, ...argv], options)).stdout;
}

/** Sends a message and tells what became of it. */
export async function sending(task: ClientTask): Promise<'accepted' | 'refused'> {
  const output = await main(task, 'producer');
  if (/Produced: 1 messages/.test(output)) return 'accepted';
  if (/SecurityException|User name \[.*\] or password is invalid|not authorized/.test(output)) return 'refused';
  throw new Error(`neither accepted nor refused:\n${output.slice(-3000)}`);
}
