/** The roles of nodes during a drill, recorded on their hosts, so that a lost worker leaves no gap. */
import { joinSamples, parseSamples } from '../core/drills/parse-samples.js';
import type { RoleSample } from '../core/drills/samples.js';
import { AGENT_FILE, drillDir } from '../core/layout.js';
import type { Topology } from '../core/topology/topology.js';
import { ownedBy } from '../hosts/owned-host.js';
import { run } from '../hosts/run.js';
import type { Deps } from './deps.js';

/** Of a record's 2 MiB; a sample of a host with five nodes is 150 bytes there. */
const MOST_SAMPLES = 4000;
/** A day of a line a second. */
const MOST_BYTES = 16 * 1024 * 1024;

/** Starts the recorder of a host, or tells the one that runs its new end: 0 seconds end it. */
export async function startRecording(
  deps: Deps,
  { topology, host, token, drill, seconds }: RecordingInput,
  signal: AbortSignal,
): Promise<void> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const argv = ['sh', AGENT_FILE, 'record', drill, String(Math.ceil(seconds))];
  await run(opened, argv, { timeoutMs: 20_000, signal });
}

export interface RecordingInput {
  topology: Topology;
  host: string;
  token: string;
  drill: string;
  /** It ends by itself after this. */
  seconds: number;
}

/** What was recorded so far, of all hosts, in the order of time. */
export async function collectSamples(
  deps: Deps,
  { topology, hosts, drill }: { topology: Topology; hosts: string[]; drill: string },
  signal: AbortSignal,
): Promise<RoleSample[]> {
  const perHost = await Promise.all(
    hosts.map(async (host) => {
      const opened = await deps.openHost(topology, host);
      const script = '[ ! -f "$1" ] || exec cat "$1"';
      const argv = ['sh', '-c', script, 'sh', `${drillDir(drill)}/roles`];
      const { stdout } = await run(opened, argv, { timeoutMs: 30_000, maxOutputBytes: MOST_BYTES, signal });
      return parseSamples(stdout, host);
    }),
  );
  return joinSamples(perHost, MOST_SAMPLES);
}

/** Ends the recorder of a host and removes what it wrote. */
export async function clearRecording(
  deps: Deps,
  { topology, host, token, drill }: Omit<RecordingInput, 'seconds'>,
  signal: AbortSignal,
): Promise<void> {
  const opened = ownedBy(await deps.openHost(topology, host), token);
  await run(opened, ['rm', '-rf', drillDir(drill)], { timeoutMs: 20_000, signal });
}
