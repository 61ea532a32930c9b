/** The plan of a deployment, made where the distribution is: rendering needs the files that ActiveMQ ships. */
import { createTwoFilesPatch } from 'diff';
import { fetchDistribution } from '../artefacts/distribution.js';
import { renderHome, renderNode } from '../core/activemq/render.js';
import type { Check } from '../core/contract.js';
import { EverbrokerError } from '../core/failure.js';
import { misfits, misfitText } from '../core/health/fitness.js';
import type { HostObservation } from '../core/health/observation.js';
import { driftChecks } from '../core/health/drift.js';
import { planDeploy } from '../core/plan/deploy.js';
import { desiredState } from '../core/plan/desired.js';
import type { Known } from '../core/plan/known.js';
import { movedStores, movedText } from '../core/plan/moved-stores.js';
import type { FileChange, Plan, Step } from '../core/plan/step.js';
import { firstHost, nodeNamed, type Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';
import { hashBytes } from './probe-files.js';

/** A diff longer than this is cut: it goes through a workflow's history, whose payloads are to stay small. */
const DIFF_CHARS = 8000;

/** @throws EverbrokerError StoreChanged; HostUnfit with every problem of every machine that the plan touches. */
export async function planSteps(deps: Deps, input: Looked, signal: AbortSignal): Promise<{ plan: Plan }> {
  const known = await knownOf(deps, input, signal);
  const moved = movedStores(known).filter(({ acknowledged }) => !acknowledged);
  if (moved.length > 0) throw new EverbrokerError('StoreChanged', moved.map(movedText).join('\n'), { moved });
  const plan = planDeploy(known);
  const found = misfits(input.topology, plan, input.observed);
  if (found.length > 0) {
    const count = found.length === 1 ? 'one problem' : `${found.length} problems`;
    throw new EverbrokerError('HostUnfit', `${count} on the hosts:\n${misfitText(found)}`, { problems: found });
  }
  return { plan };
}

/** What differs from the topology on each host; `unseen` says why hosts could not be looked into. */
export async function compareHosts(
  deps: Deps,
  { unseen, ...looked }: Looked & { unseen: Record<string, string> },
  signal: AbortSignal,
): Promise<{ checks: Check[] }> {
  return { checks: driftChecks(await knownOf(deps, looked, signal), unseen) };
}

export interface Looked {
  topology: Topology;
  observed: Record<string, HostObservation>;
}

async function knownOf(deps: Deps, { topology, observed }: Looked, signal: AbortSignal): Promise<Known> {
  const { distribution } = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const desired = desiredState(topology, distribution, { agent: hashBytes(deps.agent), probe: hashBytes(deps.probe) });
  const { referencesChanged: secretsChanged = false, changedGroups } = observed[firstHost(topology)]?.inside ?? {};
  return { topology, desired, observed, secretsChanged, ...(changedGroups === undefined ? {} : { changedGroups }) };
}

/** What a step would change in each file that it updates. Rendered files hold placeholders, so no diff shows a secret. */
export async function diffFiles(
  deps: Deps,
  { topology, host, step }: { topology: Topology; host: string; step: Step },
  signal: AbortSignal,
): Promise<(FileChange & { diff?: string })[]> {
  const { distribution } = await fetchDistribution(deps.cache, topology.activemq, { signal });
  const rendered =
    step.node === undefined
      ? renderHome(topology, distribution)
      : renderNode(topology, nodeNamed(topology, step.node), distribution);
  const opened = await deps.openHost(topology, host);
  return Promise.all(
    (step.files ?? []).map(async (file) => {
      const wanted = rendered.find((candidate) => candidate.path === file.path);
      if (file.change === 'create' || wanted === undefined) return file;
      const found = await opened.exec(['cat', file.path], { timeoutMs: 10_000, signal });
      const patch = createTwoFilesPatch(file.path, file.path, found.stdout, wanted.content, 'on the host', 'wanted');
      return { ...file, diff: patch.length > DIFF_CHARS ? `${patch.slice(0, DIFF_CHARS)}\n… (cut)\n` : patch };
    }),
  );
}
