/** Proof by messages: through every bridge in each of its directions, through every group that no bridge covers. */
import { randomUUID } from 'node:crypto';
import { sleep } from '@temporalio/activity';
import type { Check } from '../core/contract.js';
import { EverbrokerError } from '../core/failure.js';
import {
  afterPatience,
  doubtfulRoutes,
  messageChecks,
  patientTasks,
  proofTasks,
  unproven,
} from '../core/health/proof.js';
import { PROBE_USER } from '../core/naming.js';
import type { ProbeTask } from '../core/probe-request.js';
import type { Topology } from '../core/topology/topology.js';
import { runProbe } from '../probes/jms-probe.js';
import type { Deps } from './deps.js';
import { probeSetup } from './probe-files.js';

/** How long a bridge may take to come up after its groups are there; measured: a second or two, longer when JVMs start. */
const SETTLE_MS = 60_000;
const PAUSE_MS = 300;
/** Messages a route: enough to see loss and duplicates, few enough to take no time (sync: 1,800 a second measured). */
const COUNT = 20;
const ROUTE_MS = 10_000;
/** How long messages are waited for over a bridge that stands and over which none came: then it is dead and not slow. */
const PATIENT_MS = 45_000;

export interface ProofInput {
  topology: Topology;
  host: string;
  /** Owner of the cluster while deploying; null for a verification, which changes nothing but its own queue. */
  token: string | null;
  /** Deploying insists: it waits for bridges to settle and fails otherwise. Verifying tells what it found. */
  insist: boolean;
  /** Bridges that stand by their brokers' word: where messages do not come over them, a second look waits longer. */
  connected?: string[];
}

export async function proveMessages(
  deps: Deps,
  input: ProofInput,
  signal: AbortSignal,
): Promise<{ checks: Check[]; note: string }> {
  const deadline = Date.now() + SETTLE_MS;
  for (;;) {
    const checks = await sendThroughAll(deps, input, signal);
    const failed = checks.filter((check) => !check.ok);
    if (failed.length === 0 || !input.insist)
      return { checks, note: `${checks.length - failed.length} of ${checks.length} passed` };
    if (Date.now() > deadline) {
      throw new EverbrokerError(
        'VerificationFailed',
        failed.map((check) => `${check.fault}: ${check.detail}`).join('\n'),
        { checks },
      );
    }
    await sleep(PAUSE_MS);
  }
}

async function sendThroughAll(deps: Deps, input: ProofInput, signal: AbortSignal): Promise<Check[]> {
  const { topology } = input;
  const first = proofTasks(topology, { run: newRun(), count: COUNT, timeoutMs: ROUTE_MS });
  const checks = await send(deps, input, first, signal);
  const names = doubtfulRoutes(topology, checks, input.connected ?? []);
  if (names.length === 0) return checks;
  const size = { run: newRun(), count: COUNT, timeoutMs: PATIENT_MS };
  const again = await send(deps, input, patientTasks(topology, { ...size, first, names }), signal);
  return afterPatience(checks, again, names);
}

const newRun = (): string => randomUUID().slice(0, 8);

async function send(
  deps: Deps,
  { topology, host }: ProofInput,
  tasks: ProbeTask[],
  signal: AbortSignal,
): Promise<Check[]> {
  const { ca, ...setup } = probeSetup(topology, host);
  const request = { run: newRun(), user: PROBE_USER, ...(ca === null ? {} : { ca }), tasks };
  const result = await runProbe(await deps.openHost(topology, host), request, { setup, signal });
  if (result.state === 'reported') return messageChecks(topology, result.reports, ROUTE_MS);
  const detail = `the probe could not run on ${host} (${result.reason}, exit code ${result.exitCode})\n${result.detail}`;
  return unproven(topology, 'ProbeFailed', detail);
}
