/** MariaDB from the distribution's packages, without their service: the host's agent keeps it. */
import type { Access, DatabaseEngine } from './engine.js';
import { dataDirectory, pidFile } from './engine.js';

const socket = (base: string): string => `${base}/data/socket`;

export const mariadb: DatabaseEngine = {
  title: 'MariaDB',
  scheme: 'mariadb',
  port: 3306,
  java: false,
  // The programs alone: the package mariadb-server would make a database of its own and start it.
  packages: ['mariadb-server-core', 'mariadb-client-core'],
  beforeInstall: ':',
  findPrograms: 'dirname "$(command -v mariadbd)"',
  server: 'mariadbd',
  initialise: `mariadb-install-db --no-defaults --datadir="$1" --auth-root-authentication-method=socket \\
  --auth-root-socket-user="$2" --skip-test-db`,
  stopSignal: 'TERM',
  configuration: ({ base, address, port }) => [
    {
      name: 'server.cnf',
      content: `[mariadbd]
datadir = ${dataDirectory(base)}
socket = ${socket(base)}
tmpdir = /tmp
bind-address = ${address}
port = ${port}
skip-name-resolve
local-infile = 0
character-set-server = utf8mb4
# A message is one column of one row.
max-allowed-packet = 1G
`,
    },
  ],
  arguments: ({ base }) => [`--defaults-file=${base}/conf/server.cnf`, `--pid-file=${pidFile(base)}`],
  accounts: {
    access: ({ access }) => ({
      name: 'grants',
      content: access.map(({ name, addresses }) => `${name} from ${addresses.join(' ')}\n`).join(''),
    }),
    client: ({ base }, user) => ['mariadb', '--no-defaults', `--socket=${socket(base)}`, `--user=${user}`, '--batch'],
    sql: ({ access }, stores) =>
      [...access.map((each) => grants(each, stores[each.group]?.password ?? '')), dropOthers(access)].join('\n'),
  },
};

function grants({ name, addresses }: Access, password: string): string {
  const users = addresses.map((address) => `${text(name)}@${text(address)}`);
  return [
    `CREATE DATABASE IF NOT EXISTS ${quoted(name)};`,
    ...users.flatMap((user) => [
      `CREATE USER IF NOT EXISTS ${user};`,
      `ALTER USER ${user} IDENTIFIED BY ${text(password)};`,
      `GRANT ALL PRIVILEGES ON ${quoted(name.replaceAll('_', '\\_'))}.* TO ${user};`,
    ]),
  ].join('\n');
}

/** Users of ours that come from elsewhere: nodes that moved, groups that are gone. Their data stays. */
function dropOthers(access: readonly Access[]): string {
  const wanted = access.flatMap(({ name, addresses }) =>
    addresses.map((address) => `(${text(name)}, ${text(address)})`),
  );
  return `SET @others = (SELECT GROUP_CONCAT(QUOTE(User), '@', QUOTE(Host)) FROM mysql.global_priv
  WHERE User LIKE 'everbroker\\_%' AND (User, Host) NOT IN (${["('', '')", ...wanted].join(', ')}));
SET @drop = IF(@others IS NULL, 'DO 0', CONCAT('DROP USER ', @others));
EXECUTE IMMEDIATE @drop;`;
}

const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
const quoted = (name: string): string => `\`${name}\``;
