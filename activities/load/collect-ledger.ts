/** Reads what the load wrote down, on all its hosts, and joins it. */
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { joinLedger } from '../../core/drills/join-ledger.js';
import type { Ledger } from '../../core/drills/ledger.js';
import { parseLoadRecords, type LoadText } from '../../core/drills/load-records.js';
import { loadHosts, type PlacedFlow } from '../../core/drills/place-load.js';
import { EverbrokerError } from '../../core/failure.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Host } from '../../hosts/host.js';
import { commandFailed, run } from '../../hosts/run.js';
import type { Deps } from '../deps.js';
import { loadDirectory } from './load-process.js';

/** Five million messages; a string of the worker holds little more. */
const MOST_BYTES = 400 * 1024 * 1024;
const READ_MS = 120_000;
const TOO_LONG = 65;

/** $1 directory, $2 most bytes. A line that was cut must not run into the next file. Compressed as base64: output is text. */
const READ = `cd "$1" || exit
set -- "$2" records-*.txt stuck.txt
size=0 most=$1; shift
for f; do [ -f "$f" ] && size=$((size + $(wc -c <"$f"))); done
[ "$size" -le "$most" ] || { echo "$size bytes of records" >&2; exit ${TOO_LONG}; }
for f; do [ -f "$f" ] && cat "$f" && echo; done | gzip -1 | base64 -w0`;

export async function collectLedger(
  deps: Deps,
  { topology, drill, flows }: { topology: Topology; drill: string; flows: PlacedFlow[] },
  signal: AbortSignal,
): Promise<Ledger> {
  const texts: LoadText[] = [];
  // one after the other: all at once would be all in memory twice
  for (const name of loadHosts(flows)) {
    const host = await deps.openHost(topology, name);
    texts.push({ text: await readRecords(host, drill, signal), behindMs: await clockBehind(host, signal) });
  }
  return joinLedger(parseLoadRecords(texts), flows);
}

async function readRecords(host: Host, drill: string, signal: AbortSignal): Promise<string> {
  const argv = ['sh', '-c', READ, 'everbroker-load', loadDirectory(drill), String(MOST_BYTES)];
  const result = await host.exec(argv, { timeoutMs: READ_MS, signal, maxOutputBytes: MOST_BYTES });
  if (result.exitCode !== 0 || result.timedOut) throw commandFailed(result, 'read the records of the load');
  const text = (await promisify(gunzip)(Buffer.from(result.stdout, 'base64'))).toString('latin1');
  if (result.truncated)
    throw new EverbrokerError('CommandFailed', `${host.name}: the records of the load are too long`, { drill });
  return text;
}

/**
 * By how much the host's clock is behind the worker's, ms; 0 when it is not known to be: half of what the question took is
 * doubt. Where hosts have one clock, their times stay as they are.
 */
async function clockBehind(host: Host, signal: AbortSignal): Promise<number> {
  const before = Date.now();
  const { stdout } = await run(host, ['date', '+%s%3N'], { timeoutMs: 15_000, signal });
  const after = Date.now();
  const behind = (before + after) / 2 - Number(stdout.trim());
  return Math.abs(behind) > (after - before) / 2 + 1 ? Math.round(behind) : 0;
}
