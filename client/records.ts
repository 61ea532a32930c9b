/** Records of drills as the command line finds them: in the state directory, in a file, or as the result of a workflow. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseRecord } from '../core/drills/parse-record.js';
import type { DrillRecord } from '../core/drills/record.js';
import { EverbrokerError } from '../core/failure.js';
import { recordsOf, type StateLayout } from '../core/state-layout.js';
import { connect } from './connect.js';
import { fromWorkflowFailure } from './failures.js';
import { isFile } from './topology-argument.js';

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** All of a cluster, the oldest first. @throws EverbrokerError InvalidInput for a file that is no record. */
export async function recordsOfCluster(state: Pick<StateLayout, 'home'>, cluster: string): Promise<DrillRecord[]> {
  if (!PLAIN.test(cluster)) throw new EverbrokerError('InvalidInput', `"${cluster}" is no name of a cluster`);
  const records = await Promise.all((await recordFilesOf(state, cluster)).map((path) => fromFile(path)));
  return records.sort((a, b) => a.startedAt - b.startedAt);
}

/** Paths, in no order; one that is being written begins with a dot. */
export async function recordFilesOf(state: Pick<StateLayout, 'home'>, cluster: string): Promise<string[]> {
  const directory = recordsOf(state, cluster);
  const files = (await entriesOf(directory)).filter((file) => /^[^.].*\.json$/.test(file));
  return files.map((file) => join(directory, file));
}

/** None where there is no such directory yet; that one cannot be read is another thing. */
async function entriesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
}

/** @param which A file, the id of a drill, or the id of its workflow or of its run. */
export async function findRecord(state: StateLayout, which: string): Promise<DrillRecord> {
  if (isFile(which)) return fromFile(which);
  const clusters = await entriesOf(join(state.home, 'records'));
  for (const cluster of clusters) {
    const found = (await recordsOfCluster(state, cluster)).findLast(
      ({ drill, workflowId }) => drill === which || workflowId === which || which.replaceAll('-', '').startsWith(drill),
    );
    if (found !== undefined) return found;
  }
  return fromTemporal(state, which);
}

async function fromFile(path: string): Promise<DrillRecord> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) throw new EverbrokerError('InvalidInput', `${path}: there is no such file`);
  return parseRecord(text, path);
}

/** A failed verdict fails the workflow, and its record comes with the failure; null when it is another failure. */
export function failedRecord(error: unknown): DrillRecord | null {
  const record = error instanceof EverbrokerError ? error.details['record'] : undefined;
  return record === undefined ? null : parseRecord(JSON.stringify(record), 'the failure');
}

/** The result of the workflow runDrill. */
async function fromTemporal(state: StateLayout, workflowId: string): Promise<DrillRecord> {
  const link = await connect({ state, env: process.env, log: () => undefined, start: false }).catch(
    (error: unknown) => {
      const message = `there is no record of ${workflowId} in ${state.home}/records; \`everbroker history <cluster>\` lists them`;
      throw new EverbrokerError('InvalidInput', message, {}, { cause: error });
    },
  );
  try {
    const result: unknown = await link.client.workflow.getHandle(workflowId).result();
    return parseRecord(JSON.stringify(result), workflowId);
  } catch (error) {
    const failure = fromWorkflowFailure(error);
    const record = failedRecord(failure);
    if (record === null) throw failure;
    return record;
  } finally {
    await link.close();
  }
}
