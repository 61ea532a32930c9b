/** PostgreSQL from the distribution's packages, without their clusters: the host's agent keeps it. */
import type { DatabaseEngine } from './engine.js';
import { dataDirectory, pidFile } from './engine.js';

export const postgresql: DatabaseEngine = {
  title: 'PostgreSQL',
  scheme: 'postgresql',
  port: 5432,
  java: false,
  packages: ['postgresql'],
  beforeInstall: `mkdir -p /etc/postgresql-common
[ -f /etc/postgresql-common/createcluster.conf ] || echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf`,
  findPrograms: 'for d in /usr/lib/postgresql/*/bin; do [ -x "$d/postgres" ] && found=$d; done; echo "$found"',
  server: 'postgres',
  initialise: `initdb -D "$1" -U "$2" --auth-local=peer --auth-host=scram-sha-256 -E UTF8 --locale=C.UTF-8`,
  // INT is PostgreSQL's fast stop; after TERM it waits until every broker has left.
  stopSignal: 'INT',
  configuration: ({ base, address, port }) => [
    {
      name: 'postgresql.conf',
      content: `data_directory = '${dataDirectory(base)}'
hba_file = '${base}/access/pg_hba.conf'
ident_file = '${dataDirectory(base)}/pg_ident.conf'
external_pid_file = '${pidFile(base)}'
unix_socket_directories = '${base}/data'
listen_addresses = '${address}'
port = ${port}
password_encryption = scram-sha-256
max_connections = 200
# A statement that fails may hold a password.
log_min_error_statement = panic
`,
    },
  ],
  // The pid file is named here as well, because by this argument the agent knows the process.
  arguments: ({ base }) => [`--config-file=${base}/conf/postgresql.conf`, `--external-pid-file=${pidFile(base)}`],
  accounts: {
    access: ({ access }) => ({
      name: 'pg_hba.conf',
      content: [
        'local all all peer',
        ...access.flatMap(({ name, addresses }) =>
          addresses.map((address) => `host "${name}" "${name}" ${address}/32 scram-sha-256`),
        ),
        '',
      ].join('\n'),
    }),
    client: ({ base, port }, user) => [
      `${base}/bin/psql`,
      '--no-psqlrc',
      '--quiet',
      '--set=ON_ERROR_STOP=1',
      `--host=${base}/data`,
      `--port=${port}`,
      `--username=${user}`,
      '--dbname=postgres',
    ],
    sql: ({ access }, stores) =>
      [
        ...access.map(({ group, name }) => {
          const password = text(stores[group]?.password ?? '');
          return `SELECT 'CREATE ROLE "${name}" LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${name}') \\gexec
ALTER ROLE "${name}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD ${password};
SELECT 'CREATE DATABASE "${name}" OWNER "${name}"' WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '${name}') \\gexec
REVOKE ALL ON DATABASE "${name}" FROM PUBLIC;`;
        }),
        'SELECT pg_reload_conf();',
      ].join('\n'),
  },
};

/** As an escape string, so that a backslash means the same whatever the server's settings. */
const text = (value: string): string => `E'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
