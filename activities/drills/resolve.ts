/** From what a person sent to a pinned topology and a scenario that fits it. Nothing is touched here. */
import { drillInput } from '../../core/contract.js';
import { fit } from '../../core/drills/fit.js';
import { parseScenario, parseScenarioText } from '../../core/drills/parse-scenario.js';
import type { Scenario } from '../../core/drills/scenario.js';
import type { Problem } from '../../core/topology/problem.js';
import type { Topology } from '../../core/topology/topology.js';
import type { Deps } from '../deps.js';
import { inputProblem, invalidInput, resolveInput } from '../resolve.js';

export interface ResolvedDrill {
  topology: Topology;
  topologyHash: string;
  warnings: Problem[];
  scenario: Scenario;
  startedBy: string | null;
  versions: { everbroker: string; activemq: string };
}

/** @throws EverbrokerError InvalidInput with the problems of topology and scenario | DrillRefused where they do not fit */
export async function resolveDrill(deps: Deps, { input }: { input: unknown }): Promise<ResolvedDrill> {
  const { topology, topologyHash, warnings } = await resolveInput(deps, { workflow: 'runDrill', input });
  const { scenario: wanted, startedBy } = drillInput.parse(input);
  const scenario = await readScenario(deps, wanted);
  const problems = fit(topology, scenario);
  if (problems.length > 0) throw invalidInput(problems, 'DrillRefused');
  const versions = { everbroker: deps.version, activemq: topology.activemq.version };
  return { topology, topologyHash, warnings, scenario, startedBy: startedBy ?? null, versions };
}

async function readScenario(deps: Deps, wanted: string | Record<string, unknown>): Promise<Scenario> {
  if (typeof wanted !== 'string') return parsed(parseScenario(wanted));
  const text = await deps.readScenario(wanted);
  if (text !== null) return parsed(parseScenarioText(text));
  const known = await deps.knownScenarios();
  throw invalidInput([inputProblem('scenario', `unknown "${wanted}"; the worker knows ${known.join(', ')}`)]);
}

function parsed(result: ReturnType<typeof parseScenario>): Scenario {
  if (!result.ok) throw invalidInput(result.problems);
  return result.scenario;
}
