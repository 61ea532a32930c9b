/** The launch description of a node, which the host's agent reads line by line. */
import { activemqHome, JAVA_LINK, nodeBase, nodeConf } from '../layout.js';
import { storeOf } from '../stores/index.js';
import type { Node, Topology } from '../topology/topology.js';

/** What a broker gets after TERM; a master of a large store was down in 1.1 s, and nothing is lost by KILL. */
const STOP_SECONDS = 20;

export function launchText(topology: Topology, node: Node): string {
  const { directory, identity, waits } = storeOf(topology, node.group);
  const { uid } = topology.runAs;
  const values = {
    NODE: node.name,
    GROUP: node.group,
    BASE: nodeBase(topology, node.name),
    HOME_DIR: activemqHome(topology),
    JAVA: `${JAVA_LINK}/bin/java`,
    RUN_UID: uid,
    RUN_GID: uid,
    ARGS: `${nodeConf(topology, node.name)}/java.args`,
    OPENWIRE: node.openwire,
    CONSOLE: node.console,
    STORE: directory ?? '',
    STORE_ID: `${node.group}@${identity ?? ''}`,
    ...(waits === null ? {} : { WAITS_LINE: waits.line, WAITS_MS: waits.ms }),
    STOP_SECONDS,
    ...(topology.watchdog.enabled ? { WATCHDOG_SECONDS: topology.watchdog.unresponsiveSeconds } : {}),
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
