/** Databases and servers of ensembles that Everbroker installs: what lies on their host, and who may come in. */
import type { RenderedFile } from '../activemq/rendered-file.js';
import { databaseBase, launchFile } from '../layout.js';
import { groupsIn } from '../stores/index.js';
import { hostOf, hostsOfGroup, type Service, type Topology } from '../topology/topology.js';
import type { PlacedService } from './engine.js';
import { engineOf, portOf, schemaName } from './engines.js';

export { engineOf } from './engines.js';

/** The operating system's user of a database: neither root nor the brokers', who must not touch its files. */
export const DATABASE_USER = 'everbroker-db';
const UID = 7617;

/** Fixed, so that a database keeps its owner in a new container. */
export const databaseUid = ({ runAs }: Topology): number => (runAs.uid === UID ? UID + 1 : UID);

/** What the server gets after its stop signal: it writes out what it holds in memory. */
const STOP_SECONDS = 25;

export function placeService(topology: Topology, service: Service): PlacedService {
  return {
    topology,
    service,
    base: databaseBase(topology, service.name),
    address: hostOf(topology, service.host).address,
    port: portOf(service),
    access: groupsIn(topology, service.name).map((group) => ({
      group,
      name: schemaName(group),
      addresses: [...new Set(hostsOfGroup(topology, group).map((host) => hostOf(topology, host).address))].sort(),
    })),
  };
}

const readable = (path: string, content: string): RenderedFile => ({ path, content, mode: 0o644, owner: 'root' });

/** All managed files of a service; none holds a secret. What is below `conf` costs a restart when it changes. */
export function renderService(topology: Topology, service: Service): RenderedFile[] {
  const placed = placeService(topology, service);
  const engine = engineOf(service);
  const { base } = placed;
  const access = accessFile(placed);
  return [
    ...engine.configuration(placed).map(({ name, content }) => readable(`${base}/conf/${name}`, content)),
    readable(`${base}/conf/arguments`, `${engine.arguments(placed).join('\n')}\n`),
    ...(access === null ? [] : [access]),
    readable(launchFile(service.name), launchText(placed)),
  ];
}

/** Who may come in from where; null where that is not the service's to say. */
export function accessFile(placed: PlacedService): RenderedFile | null {
  const { accounts } = engineOf(placed.service);
  if (accounts === null) return null;
  const { name, content } = accounts.access(placed);
  return readable(`${placed.base}/access/${name}`, content);
}

function launchText({ topology, service, base, port }: PlacedService): string {
  const uid = databaseUid(topology);
  const { server, stopSignal } = engineOf(service);
  const values = {
    NODE: service.name,
    BASE: base,
    COMMAND: `${base}/bin/${server}`,
    ARGS: `${base}/conf/arguments`,
    RUN_UID: uid,
    RUN_GID: uid,
    OPENWIRE: port,
    CONSOLE: port,
    STOP_SIGNAL: stopSignal,
    STOP_SECONDS,
  };
  return Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}
