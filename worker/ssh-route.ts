/** From an SSH host of a topology to a way there: references resolved, the worker's own ssh configuration behind it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SshHostSpec } from '../core/topology/schema.js';
import { configuredHost, type ConfiguredHost } from '../hosts/ssh-config.js';
import type { SshKey, SshLogin, SshRoute } from '../hosts/ssh-login.js';
import type { WorkerSettings } from './options.js';
import { resolveLogin, type SecretSources } from './secret-references.js';

type JumpSpec = Omit<SshHostSpec, 'kind' | 'jump' | 'taskQueue'>;

export interface RouteSources {
  ssh: WorkerSettings['ssh'];
  secrets: SecretSources;
}

/** What ssh tries where nothing names a key. */
const DEFAULT_KEYS = ['id_ed25519', 'id_ecdsa', 'id_rsa'];
const SYSTEM_KNOWN_HOSTS = '/etc/ssh/ssh_known_hosts';

/** What the topology says wins over the worker's ssh configuration. Called for what permit.ts allows. */
export async function sshRoute(spec: SshHostSpec, sources: RouteSources): Promise<SshRoute> {
  const configured = await configuredHost(sources.ssh.directory, spec.address);
  const named = spec.jump === undefined ? undefined : [spec.jump].flat();
  const jumps: JumpSpec[] = named ?? configured.jumps.map((jump) => ({ ...jump, agent: spec.agent }));
  return {
    login: await loginOf(spec, configured, sources),
    jumps: await Promise.all(
      jumps.map(async (jump) => loginOf(jump, await configuredHost(sources.ssh.directory, jump.address), sources)),
    ),
  };
}

async function loginOf(spec: JumpSpec, configured: ConfiguredHost, { ssh, secrets }: RouteSources): Promise<SshLogin> {
  const { identity, passphrase, password, agent, fingerprint } = spec;
  const secret = passphrase === undefined ? undefined : await resolveLogin(secrets, passphrase, 'word');
  const hasOwn = identity !== undefined || agent || password !== undefined;
  const keys =
    identity !== undefined
      ? [{ privateKey: await resolveLogin(secrets, identity, 'key'), passphrase: secret }]
      : hasOwn
        ? []
        : await keysOf(configured, ssh.directory, secret);
  return {
    address: configured.hostName ?? spec.address,
    port: spec.port ?? configured.port ?? 22,
    user: spec.user ?? configured.user ?? 'root',
    keys,
    agent: agent ? (ssh.agent ?? undefined) : undefined,
    password: password === undefined ? undefined : await resolveLogin(secrets, password, 'word'),
    fingerprint,
    knownHosts: [join(ssh.directory, 'known_hosts'), SYSTEM_KNOWN_HOSTS],
  };
}

/** Which files these are is the operator's choice alone; nothing in a topology names one. */
async function keysOf(
  { identityFiles }: ConfiguredHost,
  directory: string,
  passphrase: string | undefined,
): Promise<SshKey[]> {
  const files = identityFiles.length > 0 ? identityFiles : DEFAULT_KEYS.map((name) => join(directory, name));
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8').catch(() => null)));
  const found = texts.filter((text) => text !== null);
  return found.map((privateKey) => ({ privateKey, passphrase, optional: found.length > 1 }));
}
