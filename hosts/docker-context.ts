/** Which engine the docker command itself would use: DOCKER_HOST, then DOCKER_CONTEXT, then the current context. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { EverbrokerError } from '../core/failure.js';

export interface DockerContext {
  /** As in DOCKER_HOST. */
  address: string;
  /** Certificates that the context brings for a tcp:// address; those of DOCKER_HOST are found by their variables. */
  tls?: { ca?: Buffer; cert?: Buffer; key?: Buffer };
}

type Environment = Readonly<Record<string, string | undefined>>;

/** @throws EverbrokerError InvalidInput when the context that is asked for is not there. */
export function currentContext(env: Environment = process.env): DockerContext {
  if (env['DOCKER_HOST']) return { address: env['DOCKER_HOST'] };
  const home = env['HOME'] || homedir();
  const config = env['DOCKER_CONFIG'] || join(home, '.docker');
  const name = env['DOCKER_CONTEXT'] || property(readJson(join(config, 'config.json')), 'currentContext');
  if (typeof name !== 'string' || name === '' || name === 'default') return { address: defaultAddress(home) };

  // Docker names a context's directory by the hash of its name.
  const id = createHash('sha256').update(name).digest('hex');
  const meta = readJson(join(config, 'contexts', 'meta', id, 'meta.json'));
  const address = property(property(property(meta, 'Endpoints'), 'docker'), 'Host');
  if (typeof address !== 'string' || address === '') {
    const text = `Docker's context ${name} is not there; see docker context ls, or set DOCKER_HOST`;
    throw new EverbrokerError('InvalidInput', text, { context: name });
  }
  const tls = certificates(join(config, 'contexts', 'tls', id, 'docker'));
  return tls === null ? { address } : { address, tls };
}

/** Docker Desktop keeps its socket below the home directory. */
function defaultAddress(home: string): string {
  const desktop = join(home, '.docker', 'run', 'docker.sock');
  return `unix://${existsSync(desktop) ? desktop : '/var/run/docker.sock'}`;
}

function certificates(directory: string): NonNullable<DockerContext['tls']> | null {
  const files = (['ca', 'cert', 'key'] as const).flatMap((name) => {
    const path = join(directory, `${name}.pem`);
    return existsSync(path) ? [[name, readFileSync(path)] as const] : [];
  });
  return files.length === 0 ? null : Object.fromEntries(files);
}

/** What docker itself could not read either counts as absent. */
function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const property = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
