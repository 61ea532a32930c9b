/** One node: configured, started, stopped, removed. Its process is handled by the host's agent, never from here. */
import { renderCredentials, renderNode, type RenderedFile } from '../core/activemq/render.js';
import { EverbrokerError } from '../core/failure.js';
import { parseNodeLine } from '../core/health/parse-observation.js';
import { AGENT_FILE, HOST_KEY_FILE, credentialsHashFile, nodeBase, nodeStateDir } from '../core/layout.js';
import { hashText } from '../core/hash-text.js';
import type { StepResult } from '../core/plan/step.js';
import type { ClusterSecrets } from '../core/secrets.js';
import { storeOf } from '../core/stores/index.js';
import { nodeNamed, type Node, type Topology } from '../core/topology/topology.js';
import type { Host } from '../hosts/host.js';
import { ownedBy } from '../hosts/owned-host.js';
import { commandFailed, run } from '../hosts/run.js';
import { openSealed, type Sealed } from '../hosts/sealed.js';
import { putFiles, type HostFile, type Preparation } from '../hosts/transfer.js';
import { fetchDistribution } from '../artefacts/distribution.js';
import { tlsFiles } from './certificates.js';
import { forgetConsoleLogins } from './console-login.js';
import type { Deps } from './deps.js';
import { parseSecrets } from './secrets.js';
import type { StepInput } from './step-input.js';

/** As long as brokerStart allows: a journal that is rebuilt takes minutes, and the agent says when the JVM has died. */
const START_SECONDS = 540;
/** The agent gives a broker 20 s after TERM, then kills. */
const STOP_SECONDS = 45;

export async function configureNode(
  deps: Deps,
  input: StepInput & { sealed: Sealed },
  signal: AbortSignal,
): Promise<StepResult> {
  const { topology, host, token } = input;
  const node = nodeNamed(topology, input.step.node ?? '');
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const { distribution } = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const secrets = await unseal(deps, { host: opened, key: `${token}/${host}`, sealed: input.sealed, signal });
  const credentials = renderCredentials(topology, node, secrets);
  const files = [...renderNode(topology, node, distribution), credentials];
  const tls = tlsFiles(topology, node, secrets);
  await putFiles(opened, [...files.map((file) => toHostFile(topology, file)), ...tls, sealOf(node, credentials)], {
    first: directoriesOf(topology, node),
    timeoutMs: 60_000,
    signal,
  });
  forgetConsoleLogins(deps, topology, host);
  return { changed: true, note: `${files.length} files` };
}

/** By its hash the agent tells that somebody changed the credentials. It stays on the host, for root only. */
const sealOf = (node: Node, credentials: RenderedFile): HostFile => ({
  path: credentialsHashFile(node.name),
  content: `${hashText(credentials.content)}\n`,
  mode: 0o600,
});

interface Sealing {
  host: Host;
  /** Owner token and host: the key of a host can be another for the next operation. */
  key: string;
  sealed: Sealed;
  signal: AbortSignal;
}

/** The nodes of a host share its key, so it is read once an operation; a container made anew meanwhile has a new one. */
export async function unseal(deps: Deps, sealing: Sealing): Promise<ClusterSecrets> {
  const known = deps.hostKeys.get(sealing.key);
  if (known !== undefined) {
    try {
      return parseSecrets(openSealed(known, sealing.sealed));
    } catch {
      deps.hostKeys.delete(sealing.key);
    }
  }
  const key = await readHostKey(sealing);
  // Operations come and go: what is forgotten is read again.
  if (deps.hostKeys.size > 200) deps.hostKeys.clear();
  deps.hostKeys.set(sealing.key, key);
  return parseSecrets(openSealed(key, sealing.sealed));
}

async function readHostKey({ host, signal }: Sealing): Promise<string> {
  const key = await host.exec(['cat', HOST_KEY_FILE], { timeoutMs: 10_000, signal });
  // Without its output, which would be the key: the failure goes into a history.
  if (key.exitCode !== 0 || key.timedOut) throw commandFailed({ ...key, stdout: '' }, 'read the key of the host');
  return key.stdout.trim();
}

/**
 * The store is a mount with a life of its own; only the owner is set, never the content. Files of another owner (a broker
 * that somebody started as root leaves such) would keep every node from becoming master. A file server may take root for
 * nobody, so that what is right already is not set again.
 */
function directoriesOf(topology: Topology, node: Node): Preparation {
  const base = nodeBase(topology, node.name);
  const store = storeOf(topology, node.group);
  const directory = store.directory ?? store.replica(node.name) ?? '';
  // The configuration's directory is root's: whoever can write a directory can replace the files in it.
  const script = `set -e
uid=$1 conf=$2 data=$3 tmp=$4 store=$5
mkdir -p "$conf" "$data" "$tmp" \${store:+"$store"}
chown "0:$uid" "$conf"
chown "$uid:$uid" "$data" "$tmp"
chmod 0750 "$conf" "$data" "$tmp"
if [ -n "$store" ]; then
  [ "$(stat -c '%u:%g %a' "$store")" = "$uid:$uid 750" ] || { chown "$uid:$uid" "$store"; chmod 0750 "$store"; }
  [ ! -r "$store" ] || find "$store" -xdev ! -uid "$uid" -exec chown -h "$uid:$uid" {} +
fi`;
  return { script, args: [String(topology.runAs.uid), `${base}/conf`, `${base}/data`, `${base}/tmp`, directory] };
}

export const toHostFile = (topology: Topology, file: RenderedFile): HostFile => ({
  path: file.path,
  content: file.content,
  mode: file.mode,
  ...(file.owner === 'broker' ? { uid: topology.runAs.uid, gid: topology.runAs.uid } : {}),
});

export async function startNode(
  deps: Deps,
  { topology, host, token, step }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const node = step.node ?? '';
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const began = Date.now();
  // One command for both: it waits on the host, where looking costs nothing.
  const script = 'sh "$1" up "$2" >/dev/null && exec sh "$1" await "$2" "$3" "$4"';
  const result = await opened.exec(
    ['sh', '-c', script, 'sh', AGENT_FILE, node, String(START_SECONDS), step.expect ?? 'any'],
    {
      timeoutMs: (START_SECONDS + 30) * 1000,
      signal,
    },
  );
  if (result.exitCode !== 0 || result.timedOut) {
    const end = (result.stdout.trim() || result.stderr.trim()).split('\n').slice(-30).join('\n');
    throw new EverbrokerError(
      'BrokerDidNotStart',
      `${host}: ${node} did not start (${awaitOutcome(result.exitCode)})\n${end}`,
      {
        host,
        node,
        exitCode: result.exitCode,
      },
    );
  }
  const seen = parseNodeLine(result.stdout);
  const role = seen.log.role === 'slave' ? 'slave' : 'master';
  return { changed: true, note: `${role} after ${((Date.now() - began) / 1000).toFixed(1)} s` };
}

const awaitOutcome = (exitCode: number): string =>
  exitCode === 3
    ? 'its JVM ended or its log says that the start failed'
    : exitCode === 4
      ? `not ready after ${START_SECONDS} s`
      : `exit code ${exitCode}`;

export async function stopNode(deps: Deps, input: StepInput, signal: AbortSignal): Promise<StepResult> {
  const opened = ownedBy(await deps.openHost(input.topology, input.host), input.token);
  const how = await stop(opened, input.step.node ?? '', signal);
  return { changed: how !== 'already', note: how };
}

/** Stops the node and forgets it. Its base stays: logs are evidence, and a store may lie below it. */
export async function removeNode(deps: Deps, input: StepInput, signal: AbortSignal): Promise<StepResult> {
  const node = input.step.node ?? '';
  const opened = ownedBy(await deps.openHost(input.topology, input.host), input.token);
  await stop(opened, node, signal);
  await run(opened, ['rm', '-rf', nodeStateDir(node)], { timeoutMs: 10_000, signal });
  return { changed: true };
}

/** How it ended: `stopped`, `killed`, or `already`. */
async function stop(host: Host, node: string, signal: AbortSignal): Promise<string> {
  const result = await run(host, ['sh', AGENT_FILE, 'down', node], { timeoutMs: STOP_SECONDS * 1000, signal });
  return result.stdout.trim();
}
