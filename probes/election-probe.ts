/** Asks ZooKeeper from a host of brokers which nodes of a group are registered there, and who is elected. */
import { z } from 'zod';
import type { Member, StoreReading } from '../core/health/store-reading.js';
import { oneLine } from '../core/probe-request.js';
import type { Host } from '../hosts/host.js';

export interface ElectionProbe {
  javaHome: string;
  /** Path of the probe's jar on the host. */
  jar: string;
  servers: string[];
  path: string;
}

/** The patience, and one more round over the servers: connecting takes 2 s, an answer 3 s. */
const ROUND_MS = 25_000;

const SCRIPT = `"$1/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto -Xmx32m -cp "$2" everbroker.probe.ElectionProbe`;

const answer = z.discriminatedUnion('outcome', [
  z.object({ outcome: z.literal('ok'), members: z.array(z.object({ id: z.string(), data: z.string() })) }),
  z.object({ outcome: z.enum(['unreachable', 'refused']), error: z.string() }),
]);

/** As LevelDB's nodes register themselves: a master with its address, and the one that counts with whom it has elected. */
const registration = z.object({ address: z.string().nullish(), elected: z.string().nullish() });

/** @throws EverbrokerError HostUnreachable when the host or the link is gone. */
export async function readElection(
  host: Host,
  { javaHome, jar, servers, path }: ElectionProbe,
  { patienceMs, signal }: { patienceMs: number; signal: AbortSignal },
): Promise<StoreReading> {
  const lines = [`servers=${servers.join(',')}`, `path=${path}`, `patienceMs=${patienceMs}`];
  const result = await host.exec(['sh', '-c', SCRIPT, 'everbroker-probe', javaHome, jar], {
    stdin: `${lines.map(oneLine).join('\n')}\n`,
    timeoutMs: patienceMs + ROUND_MS,
    signal,
  });
  const [line = '', end] = result.stdout.trim().split('\n').slice(-2);
  const parsed = end === 'end' ? answer.safeParse(JSON.parse(line)) : undefined;
  if (parsed?.success !== true) {
    const why = result.timedOut ? 'it did not answer in time' : `exit code ${result.exitCode}`;
    const last = result.stderr.trim().split('\n').slice(-3).join('\n');
    return { state: 'failed', detail: `the probe could not ask on ${host.name} (${why})\n${last}`.trim() };
  }
  if (parsed.data.outcome !== 'ok') return { state: parsed.data.outcome, detail: parsed.data.error };
  return { state: 'registered', members: parsed.data.members.map(memberOf) };
}

/** What cannot be read is there all the same, and is nobody's master. */
function memberOf({ id, data }: { id: string; data: string }): Member {
  const { address, elected } = registration.safeParse(parseJson(data)).data ?? {};
  return { id, address: address ?? null, elected: elected ?? null };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
