/** Databases that Everbroker installs: what lies on their host, and who may come in. */
import type { RenderedFile } from '../activemq/rendered-file.js';
import { databaseBase, launchFile } from '../layout.js';
import type { ClusterSecrets } from '../secrets.js';
import { storeOf } from '../stores/index.js';
import { groupNames, hostOf, hostsOfGroup, type Database, type Topology } from '../topology/topology.js';
import type { PlacedDatabase } from './engine.js';
import { engineOf, portOf, schemaName } from './engines.js';

export { engineOf } from './engines.js';

/** The operating system's user of a database: neither root nor the brokers', who must not touch its files. */
export const DATABASE_USER = 'everbroker-db';
const UID = 7617;

/** Fixed, so that a database keeps its owner in a new container. */
export const databaseUid = ({ runAs }: Topology): number => (runAs.uid === UID ? UID + 1 : UID);

/** What the server gets after its stop signal: it writes out what it holds in memory. */
const STOP_SECONDS = 25;

export function placeDatabase(topology: Topology, database: Database): PlacedDatabase {
  const groups = groupNames(topology).filter((group) => storeOf(topology, group).database === database.name);
  return {
    topology,
    database,
    base: databaseBase(topology, database.name),
    address: hostOf(topology, database.host).address,
    port: portOf(database),
    access: groups.map((group) => ({
      group,
      name: schemaName(group),
      addresses: [...new Set(hostsOfGroup(topology, group).map((host) => hostOf(topology, host).address))].sort(),
    })),
  };
}

const readable = (path: string, content: string): RenderedFile => ({ path, content, mode: 0o644, owner: 'root' });

/** All managed files of a database; none holds a secret. What is below `conf` costs a restart when it changes. */
export function renderDatabase(topology: Topology, database: Database): RenderedFile[] {
  const placed = placeDatabase(topology, database);
  const engine = engineOf(database);
  const configuration = engine.configuration(placed);
  const { base } = placed;
  return [
    readable(`${base}/conf/${configuration.name}`, configuration.content),
    readable(`${base}/conf/arguments`, `${engine.arguments(placed).join('\n')}\n`),
    accessFile(placed),
    readable(launchFile(database.name), launchText(placed)),
  ];
}

/** Who may come in from where. */
export function accessFile(placed: PlacedDatabase): RenderedFile {
  const { name, content } = engineOf(placed.database).access(placed);
  return readable(`${placed.base}/access/${name}`, content);
}

function launchText({ topology, database, base, port }: PlacedDatabase): string {
  const uid = databaseUid(topology);
  const { server, stopSignal } = engineOf(database);
  const values = {
    NODE: database.name,
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

/** SQL that gives each group its schema, user and password. Holds secrets: for standard input only. */
export const accessSql = (placed: PlacedDatabase, stores: ClusterSecrets['stores']): string =>
  engineOf(placed.database).sql(placed, stores);
