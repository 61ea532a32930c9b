/** The edge to ssh2: a logged-in client on a byte stream, or the reason why there is none. */
import { readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2, {
  type AnyAuthMethod,
  type Client,
  type KeyboardInteractiveAuthMethod,
  type ParsedKey,
  type ServerHostKeyAlgorithm,
} from 'ssh2';
import type { EverbrokerError } from '../core/failure.js';
import { LinkLost, hostKeyRefused, loginRefused } from './ssh-errors.js';
import { fingerprintOf, judgeKey, keyType, knownTypes, type KnownHostsFile } from './ssh-host-key.js';
import { endpointOf, type SshKey, type SshLogin } from './ssh-login.js';

/** From the first packet to a session: a loaded host takes a second or two. */
const HANDSHAKE_MS = 20_000;
const CONNECT_MS = 10_000;
/** How often the server is asked for a sign of life; ssh2 does the asking, ssh-connection.ts listens. */
const ASK_MS = 1_000;

export function dial(login: SshLogin): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: login.address, port: login.port, noDelay: true });
    const late = () => fail(new Error(`no answer within ${CONNECT_MS} ms`));
    const timer = setTimeout(late, CONNECT_MS);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new LinkLost(`${endpointOf(login)}: ${error.message}`, { cause: error }));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', fail);
      resolve(socket);
    });
  });
}

/** @throws EverbrokerError HostKeyRefused | LoginRefused; LinkLost */
export async function logIn(socket: Duplex, login: SshLogin): Promise<Client> {
  try {
    const knownHosts = login.fingerprint === undefined ? await Promise.all(login.knownHosts.map(knownHostsFile)) : [];
    return await handshake(socket, login, { knownHosts, auth: authMethods(login) });
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

const knownHostsFile = async (path: string): Promise<KnownHostsFile> => ({
  path,
  text: await readFile(path, 'utf8').catch(() => ''),
});

interface Credentials {
  knownHosts: readonly KnownHostsFile[];
  auth: { method: AnyAuthMethod; says: string }[];
}

function handshake(socket: Duplex, login: SshLogin, { knownHosts, auth }: Credentials): Promise<Client> {
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    let refused: EverbrokerError | undefined;
    let sawServer = false;
    let agentSays = '';
    const tried: string[] = [];
    const left = [...auth];
    const verifyKey = (key: Buffer): boolean => {
      refused = refusalOf(login, knownHosts, key);
      return refused === undefined;
    };
    client.on('handshake', () => (sawServer = true));
    // A listener has to stay for ever: an error after the log-in would end the process.
    client.on('error', (error: Error & { level?: string; code?: unknown }) => {
      if (error.level === 'agent') return void (agentSays = `; the agent: ${error.message}`);
      // "Too many authentication failures" comes as a disconnection with a number.
      const isLogin =
        error.level === 'client-authentication' ||
        (sawServer && error.level === undefined && typeof error.code === 'number');
      const attempts = tried.length > 0 ? `tried ${tried.join(', ')}` : 'no key, agent or password is configured';
      if (refused) reject(refused);
      else if (isLogin) reject(loginRefused(login, `the login was refused (${attempts}${agentSays})`));
      else reject(new LinkLost(`${endpointOf(login)}: ${error.message}`, { cause: error }));
      client.destroy();
    });
    client.on('close', () => reject(refused ?? new LinkLost(`${endpointOf(login)}: closed during the log-in`)));
    client.on('ready', () => resolve(client));
    client.connect({
      sock: socket,
      username: login.user,
      readyTimeout: HANDSHAKE_MS,
      keepaliveInterval: ASK_MS,
      // Never ssh2's own judgement: it does not count a transfer's bytes as a sign of life.
      keepaliveCountMax: Number.MAX_SAFE_INTEGER,
      algorithms: { serverHostKey: hostKeyOrder(knownTypes(knownHosts, login)) },
      hostVerifier: verifyKey,
      authHandler: (_methods, _partial, next) => {
        const attempt = left.shift();
        if (attempt) tried.push(attempt.says);
        // The types leave out false, which ends the attempts.
        (next as (method: AnyAuthMethod | false) => void)(attempt?.method ?? false);
      },
    });
  });
}

function refusalOf(login: SshLogin, knownHosts: readonly KnownHostsFile[], key: Buffer): EverbrokerError | undefined {
  const presented = { type: keyType(key), fingerprint: fingerprintOf(key) };
  if (login.fingerprint !== undefined) {
    if (login.fingerprint === presented.fingerprint) return undefined;
    return hostKeyRefused(login, presented, { why: 'pinned', expected: login.fingerprint });
  }
  const verdict = judgeKey(knownHosts, login, key);
  return verdict.known ? undefined : hostKeyRefused(login, presented, verdict);
}

/** ssh2's defaults; SHA-1 signatures (plain ssh-rsa) stay out. */
const HOST_KEYS: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
];

/** Kinds of keys that the host is known by come first, or it would show one that nobody knows. */
function hostKeyOrder(types: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (algorithm: string) => types.includes(algorithm.replace(/^rsa-sha2-.*/, 'ssh-rsa'));
  return [...HOST_KEYS.filter(isKnown), ...HOST_KEYS.filter((algorithm) => !isKnown(algorithm))];
}

function authMethods(login: SshLogin): Credentials['auth'] {
  const { user: username, password } = login;
  const methods = login.keys.flatMap((key) => keyMethod(login, key));
  if (login.agent !== undefined)
    methods.push({ method: { type: 'agent', username, agent: login.agent }, says: 'agent' });
  if (password === undefined) return methods;
  methods.push({ method: { type: 'password', username, password }, says: 'password' });
  // Some servers ask for the password only in this way.
  const prompt: KeyboardInteractiveAuthMethod['prompt'] = (...[, , , prompts, finish]) =>
    finish(prompts.map(() => password));
  methods.push({ method: { type: 'keyboard-interactive', username, prompt }, says: 'keyboard-interactive' });
  return methods;
}

function keyMethod(login: SshLogin, { privateKey, passphrase, optional = false }: SshKey): Credentials['auth'] {
  const parsed: ParsedKey | Error = ssh2.utils.parseKey(privateKey, passphrase);
  if (parsed instanceof Error || !parsed.isPrivateKey()) {
    if (optional) return [];
    const why = parsed instanceof Error ? parsed.message : 'it is a public key';
    throw loginRefused(login, `the private key cannot be used: ${why}`);
  }
  const secret = passphrase === undefined ? {} : { passphrase };
  const method: AnyAuthMethod = { type: 'publickey', username: login.user, key: privateKey, ...secret };
  return [{ method, says: `key ${fingerprintOf(parsed.getPublicSSH())}` }];
}
