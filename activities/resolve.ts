/** From what a person sent to a pinned topology. Nothing is touched here. */
import { WorkflowNotFoundError } from '@temporalio/common';
import { topologyFromManifest } from '../core/plan/manifest.js';
import { INPUTS, type WorkflowName } from '../core/contract.js';
import { EverbrokerError } from '../core/failure.js';
import { holderWorkflowId } from '../core/naming.js';
import { parseTopology, parseTopologyText } from '../core/topology/parse.js';
import { formatProblems, type ParseResult, type Problem } from '../core/topology/problem.js';
import { hashTopology } from '../core/topology/hash.js';
import { firstHost, hostOf, type Topology } from '../core/topology/topology.js';
import type { Deps } from './deps.js';
import { manifestOn } from './platforms/ssh-clear.js';
import { readManifest } from './manifest.js';

export interface ResolveInput {
  workflow: WorkflowName;
  input: unknown;
}

export interface ResolvedInput {
  topology: Topology;
  topologyHash: string;
  warnings: Problem[];
  options: Record<string, unknown>;
}

export interface HolderFacts {
  operation: string;
  workflowId: string;
  since: string;
  /** The operation has ended without it: the server does not end the holder of an operation that was reset with it. */
  ended: boolean;
}

/** @throws EverbrokerError InvalidInput | NotSupportedYet | InputRefused | ClusterUnknown */
export async function resolveInput(deps: Deps, { workflow, input }: ResolveInput): Promise<ResolvedInput> {
  const parsed = INPUTS[workflow].safeParse(input ?? {});
  if (!parsed.success) {
    throw invalidInput(
      parsed.error.issues.map((issue) => inputProblem(issue.path.join('.') || 'input', issue.message)),
    );
  }
  const { topology: wanted, cluster, contractVersion: _version, ...options } = parsed.data;
  if ((wanted === undefined) === (cluster === undefined)) {
    throw invalidInput([
      inputProblem(
        'input',
        'give either "cluster" (one that exists) or "topology" (a name or the whole object), e.g. {"topology": "ha-6"}',
      ),
    ]);
  }
  const result = cluster === undefined ? await readWanted(deps, wanted ?? '') : await readExisting(deps, cluster);
  if (!result.ok) throw invalidInput(result.problems, result.type);
  const { topology, warnings } = result;
  const { deleteData, confirm }: { deleteData?: boolean; confirm?: string | undefined } = options;
  if (deleteData === true && confirm !== topology.name) {
    throw invalidInput([
      inputProblem(
        'confirm',
        `deleteData removes the stores of ${topology.name} for good: repeat its name in "confirm"`,
      ),
    ]);
  }
  deps.permit(topology);
  return { topology, topologyHash: hashTopology(topology), warnings, options };
}

async function readWanted(deps: Deps, wanted: string | Record<string, unknown>): Promise<ParseResult> {
  if (typeof wanted !== 'string') return parseTopology(wanted);
  const text = await deps.readTopology(wanted);
  if (text !== null) return parseTopologyText(text);
  const known = await deps.knownTopologies();
  const problem = inputProblem('topology', `unknown "${wanted}"; the worker knows ${known.join(', ')}`);
  return { ok: false, type: 'InvalidInput', problems: [problem] };
}

/** By the manifest: on the machine that a topology of that name says is its first, else on the worker's engine. */
async function readExisting(deps: Deps, cluster: string): Promise<ParseResult> {
  const deployed = await deployedOnMachine(deps, cluster);
  if (deployed !== null) return parseTopology(deployed);
  const manifest = await readManifest(deps.engine(), cluster);
  if (manifest === null)
    throw new EverbrokerError(
      'ClusterUnknown',
      `no cluster "${cluster}" on the worker's engine, nor on the machines of a topology that the worker knows by that name`,
    );
  return topologyFromManifest(manifest);
}

/** What lies on the machine counts, not what the worker's file says by now. */
async function deployedOnMachine(deps: Deps, cluster: string): Promise<Topology | null> {
  for (const name of await deps.knownTopologies()) {
    const text = await deps.readTopology(name);
    const parsed = text === null ? null : parseTopologyText(text);
    if (!parsed?.ok || parsed.topology.name !== cluster) continue;
    const { topology } = parsed;
    const host = firstHost(topology);
    if (hostOf(topology, host).kind !== 'ssh') continue;
    deps.permit(topology);
    const manifest = await manifestOn(await deps.openHost(topology, host), cluster);
    if (manifest !== null) return manifest;
  }
  return null;
}

export const inputProblem = (path: string, message: string): Problem => ({ path, message, code: 'input' });

export function invalidInput(
  problems: readonly Problem[],
  type: 'InvalidInput' | 'NotSupportedYet' | 'DrillRefused' = 'InvalidInput',
): EverbrokerError {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new EverbrokerError(type, `${count} in the input:\n${formatProblems(problems)}`, { problems });
}

/** Who holds a cluster, as its holder's memo says; null when nobody does (any more). */
export async function describeHolder(deps: Deps, { cluster }: { cluster: string }): Promise<HolderFacts | null> {
  const holder = await describe(deps, holderWorkflowId(cluster));
  if (!holder?.running) return null;
  const { operation, workflowId, since } = holder.memo;
  const owner = await describe(deps, String(workflowId));
  return {
    operation: String(operation),
    workflowId: String(workflowId),
    since: String(since),
    ended: owner?.running !== true,
  };
}

/** The newest run of a workflow; null when the server knows none (any more). */
async function describe(
  deps: Deps,
  workflowId: string,
): Promise<{ running: boolean; memo: Record<string, unknown> } | null> {
  try {
    const { status, memo } = await deps.temporal.workflow.getHandle(workflowId).describe();
    return { running: status.name === 'RUNNING', memo: memo ?? {} };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}
