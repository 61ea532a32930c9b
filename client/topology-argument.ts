/** What stands on the command line as a topology or a scenario: a name that the worker knows, or a file of one's own. */
import { readFile, stat } from 'node:fs/promises';
import { EverbrokerError } from '../core/failure.js';
import { parseScenarioText } from '../core/drills/parse-scenario.js';
import { parseTopologyText } from '../core/topology/parse.js';
import { formatProblems } from '../core/topology/problem.js';
import type { Topology } from '../core/topology/topology.js';
import type { Problem } from '../core/topology/problem.js';

export const isFile = (argument: string): boolean => /[/\\]|\.(ya?ml|json)$/.test(argument);

export interface ParsedFile {
  topology: Topology;
  warnings: Problem[];
}

/** Larger files are refused before they are read. */
const MAX_BYTES = 1024 * 1024;

/** @throws EverbrokerError InvalidInput with every problem of the file, each with its line. */
export async function readTopologyFile(path: string): Promise<ParsedFile> {
  const result = parseTopologyText(await readBounded(path, 'topology'), { name: path });
  if (result.ok) return result;
  throw new EverbrokerError(result.type, `${path}:\n${formatProblems(result.problems)}`, { problems: result.problems });
}

async function readBounded(path: string, what: 'topology' | 'scenario'): Promise<string> {
  const facts = await stat(path).catch(() => null);
  if (facts === null || !facts.isFile()) throw new EverbrokerError('InvalidInput', `${path}: there is no such file`);
  if (facts.size > MAX_BYTES)
    throw new EverbrokerError('InvalidInput', `${path}: ${facts.size} bytes; a ${what} has at most ${MAX_BYTES}`);
  return readFile(path, 'utf8');
}

/**
 * A scenario: the whole object for a file, the name otherwise.
 * @throws EverbrokerError InvalidInput with every problem of the file, each with its line.
 */
export async function scenarioInput(argument: string): Promise<{ scenario: string | Record<string, unknown> }> {
  if (!isFile(argument)) return { scenario: argument };
  const result = parseScenarioText(await readBounded(argument, 'scenario'), { name: argument });
  if (result.ok) return { scenario: { ...result.scenario } };
  const { problems } = result;
  throw new EverbrokerError('InvalidInput', `${argument}:\n${formatProblems(problems)}`, { problems });
}

/** The input of a workflow: the whole object for a file, the name otherwise. */
export async function topologyInput(argument: string): Promise<{ topology: string | Record<string, unknown> }> {
  if (!isFile(argument)) return { topology: argument };
  return { topology: { ...(await readTopologyFile(argument)).topology } };
}

/** The input for a cluster that exists: by its name, or by a file when one is given. */
export const clusterInput = async (
  argument: string,
): Promise<{ cluster: string } | { topology: string | Record<string, unknown> }> =>
  isFile(argument) ? topologyInput(argument) : { cluster: argument };
