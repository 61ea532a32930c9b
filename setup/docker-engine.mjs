// Finds the Docker engine that this user's docker command would use, and starts one where none answers.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SetupError, run } from './progress.mjs';
import { mayInstallPackages, which } from './system-packages.mjs';

export const DEFAULT_ADDRESS = 'unix:///var/run/docker.sock';
/** dockerd needs a second or two; after an unclean end it first looks through all its containers. */
const START_SECONDS = 60;

/** The address as docker's own rules give it: DOCKER_HOST, then DOCKER_CONTEXT, then the current context. */
export function engineAddress(env = process.env) {
  if (env.DOCKER_HOST) return env.DOCKER_HOST;
  const config = env.DOCKER_CONFIG ?? join(env.HOME ?? homedir(), '.docker');
  const context = env.DOCKER_CONTEXT || readJson(join(config, 'config.json'))?.currentContext;
  if (!context || context === 'default') return DEFAULT_ADDRESS;
  const id = createHash('sha256').update(context).digest('hex');
  const meta = readJson(join(config, 'contexts', 'meta', id, 'meta.json'));
  const address = meta?.Endpoints?.docker?.Host;
  if (!address)
    throw new SetupError(`Docker’s context ${context} is not there`, 'docker context ls; docker context use …');
  return address;
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** One GET to the engine. Resolves to the HTTP status, or to the error's code when there is no answer. */
export function askEngine(address, path = '/_ping', timeoutMs = 3_000) {
  const url = new URL(address);
  const where =
    url.protocol === 'unix:'
      ? { socketPath: address.slice('unix://'.length) }
      : { host: url.hostname, port: url.port || 2375 };
  return new Promise((resolve) => {
    const asked = httpRequest({ ...where, path, timeout: timeoutMs }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    asked.on('timeout', () => asked.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    asked.on('error', (error) => resolve(error.code ?? error.message));
    asked.end();
  });
}

/** `running`, or why not. Addresses that need TLS or SSH are left to docker's own command. */
export async function engineState(address, env = process.env) {
  if (address.startsWith('ssh://') || env.DOCKER_TLS_VERIFY) {
    const asked = await run(['docker', '-H', address, 'version']).catch((error) => error);
    return asked instanceof Error ? asked.message : 'running';
  }
  const answer = await askEngine(address);
  return answer === 200 ? 'running' : String(answer);
}

/** Whether the engine has this image; false as well when it does not answer. */
export const engineHasImage = async (address, tag) =>
  !address.startsWith('ssh://') && (await askEngine(address, `/images/${tag}/json`)) === 200;

/** Says why an engine that does not answer cannot be started from here; undefined when it can. */
export function whyNotStartable(address, state) {
  if (address !== DEFAULT_ADDRESS) {
    return new SetupError(
      `the Docker engine at ${address} does not answer (${state})`,
      'start it, or choose another one: unset DOCKER_HOST and DOCKER_CONTEXT, or `docker context use default`.',
    );
  }
  if (state === 'EACCES') {
    return new SetupError(
      `this user may not use ${address}`,
      'as root: usermod -aG docker USER, then log in again; or run the command as root.',
    );
  }
  if (!mayInstallPackages()) {
    return new SetupError(
      `no Docker engine answers at ${address} (${state})`,
      [
        'start Docker, then run the command again:',
        'Docker Desktop, or `sudo systemctl start docker`, or `sudo dockerd &`; or point DOCKER_HOST at an engine.',
        'As root on Debian or Ubuntu this command installs and starts Docker by itself.',
      ].join('\n'),
    );
  }
  return undefined;
}

/** Starts the installed engine so that it outlives this command, and waits until it answers. */
export async function startEngine({ address, stateDir, say }) {
  if (existsSync('/run/systemd/system')) {
    await run(['systemctl', 'start', 'docker']).catch((error) => say(error.message));
    if (await answersWithin(address, START_SECONDS)) return;
    throw new SetupError('systemd does not bring Docker up', 'see: journalctl -u docker -n 50');
  }
  // The package's own start script may have started it already.
  if (await answersWithin(address, 2)) return;
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const log = join(stateDir, 'dockerd.log');
  forgetDeadEngine();
  const out = openSync(log, 'a');
  const child = spawn(which('dockerd'), [], { detached: true, stdio: ['ignore', out, out], cwd: '/' });
  const ended = new Promise((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(`ended with ${signal ?? code}`));
  });
  if (child.pid) writeFileSync(join(stateDir, 'dockerd.pid'), `${child.pid}\n`);
  const outcome = await Promise.race([answersWithin(address, START_SECONDS), ended]);
  child.unref();
  // A second dockerd ends at once where another one (a service being started) holds the pid file.
  if (outcome === true || (await answersWithin(address, 10))) return;
  const end = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-6).join('\n  ');
  throw new SetupError(
    `dockerd ${outcome === false ? `does not answer after ${START_SECONDS} s` : outcome}; the end of ${log}:\n  ${end}`,
    'Docker needs root, cgroups, and iptables that this kernel knows (try: update-alternatives --set iptables /usr/sbin/iptables-legacy).\nIn a container it needs --privileged. Or point DOCKER_HOST at another engine.',
  );
}

/** Old pid files name strangers after a restart of a container, or the dead that nobody reaps; dockerd trusts them. */
function forgetDeadEngine() {
  for (const [file, name] of [
    ['/var/run/docker.pid', 'dockerd'],
    ['/var/run/docker/containerd/containerd.pid', 'containerd'],
  ]) {
    if (existsSync(file) && !isAlive(readFileSync(file, 'utf8').trim(), name)) rmSync(file, { force: true });
  }
}

function isAlive(pid, name) {
  try {
    // "123 (dockerd) S …": the state Z is a process that has ended.
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.includes(`(${name}) `) && !stat.includes(`(${name}) Z `);
  } catch {
    return false;
  }
}

async function answersWithin(address, seconds) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    if ((await askEngine(address)) === 200) return true;
    if (Date.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
