/** MySQL's own server, from an image that the caller gives: Debian has MariaDB only. */
import { randomBytes, randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { openDockerHost } from '../../hosts/docker-host.js';
import { run } from '../../hosts/run.js';
import { freePort } from './free-port.js';
import { until } from './system.js';

const DATA = '/tmp/everbroker-mysql';
const SOCKET = `${DATA}/socket`;
const DATABASE = 'mq';
const USER = 'mq';

export interface MysqlServer {
  port: number;
  database: string;
  user: string;
  password: string;
  /** Runs SQL as the administrator, in the database of the brokers. */
  sql: (statement: string) => Promise<string>;
  stop: () => Promise<void>;
}

/** $1 = port. Listens on every address of the machine: brokers in containers reach it by the gateway of their network. */
const SERVE = `set -e
id mysql >/dev/null 2>&1 || useradd -r mysql
mkdir -p ${DATA}/db && chown -R mysql ${DATA}
mysqld --no-defaults --initialize-insecure --datadir=${DATA}/db --user=mysql --secure-file-priv=
exec mysqld --no-defaults --user=mysql --datadir=${DATA}/db --port="$1" --bind-address=0.0.0.0 --socket=${SOCKET} \\
  --secure-file-priv= --mysqlx=OFF`;

/** @param image One with `mysqld` and `mysql`, such as mysql:8.4. */
export async function startMysql(image: string): Promise<MysqlServer> {
  const docker = new Docker();
  const port = await freePort();
  const name = `t-mysql-${randomUUID().slice(0, 8)}`;
  const container = await docker.createContainer({
    name,
    Image: image,
    Entrypoint: ['sh', '-c', SERVE, 'serve', String(port)],
    HostConfig: { NetworkMode: 'host', Init: true },
  });
  const stop = async (): Promise<void> => void (await container.remove({ force: true, v: true }));
  try {
    await container.start();
    const host = openDockerHost({ container: name, name });
    const password = randomBytes(12).toString('hex');
    const mysql = async (statement: string, ...more: string[]): Promise<string> =>
      (
        await run(host, ['mysql', '--no-defaults', '-uroot', `--socket=${SOCKET}`, '-N', ...more], {
          timeoutMs: 30_000,
          stdin: statement,
        })
      ).stdout;
    await until('MySQL answers', () =>
      mysql('SELECT 1').then(
        () => true,
        () => false,
      ),
    );
    await mysql(`CREATE DATABASE ${DATABASE}; CREATE USER '${USER}'@'%' IDENTIFIED BY '${password}';
      GRANT ALL ON ${DATABASE}.* TO '${USER}'@'%'`);
    return { port, database: DATABASE, user: USER, password, sql: (statement) => mysql(statement, DATABASE), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
