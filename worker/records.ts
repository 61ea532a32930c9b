/** Records of drills in the worker's state directory: a file each, written once and never again. */
import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, open, readFile, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Records } from '../activities/records.js';
import { recordFilesOf } from '../client/records.js';
import { parseRecord } from '../core/drills/parse-record.js';
import { drillRecordSchema, type DrillRecord } from '../core/drills/record.js';
import { EverbrokerError } from '../core/failure.js';
import { recordFile, recordsOf, type StateLayout } from '../core/state-layout.js';

type State = Pick<StateLayout, 'home'>;

export const openRecords = (state: State): Records => ({
  keep: (record) => keep(state, record),
  newest: (cluster) => newest(state, cluster),
});

/** Becomes a part of a path. */
const PLAIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** A drill that has its record keeps it: the same one is found again, another one is refused. */
async function keep(state: State, record: DrillRecord): Promise<string> {
  const text = `${JSON.stringify(drillRecordSchema.parse(record), null, 1)}\n`;
  if (!PLAIN.test(record.cluster) || !PLAIN.test(record.drill))
    throw new EverbrokerError('InvalidInput', `a record cannot be kept as ${record.cluster}/${record.drill}`);
  const path = recordFile(state, record.cluster, record.drill);
  const directory = recordsOf(state, record.cluster);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const temporary = join(directory, `.${randomUUID()}`);
  try {
    await writeWhole(temporary, text);
    // By which the newest is found without reading them all.
    const ended = new Date(record.endedAt);
    await utimes(temporary, ended, ended);
    // A link is made whole or not at all, and never over a file that is there.
    await link(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if ((await readFile(path, 'utf8')) !== text)
      throw new EverbrokerError('InvalidInput', `the drill ${record.drill} has another record already: ${path}`);
  } finally {
    await rm(temporary, { force: true });
  }
  return path;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(path, 0o444);
}

/** Old ones are not read: one of them that is broken stops no drill. */
async function* newest(state: State, cluster: string): AsyncGenerator<DrillRecord> {
  const files = await recordFilesOf(state, cluster);
  const dated = await Promise.all(files.map(async (path) => ({ path, endedAt: (await stat(path)).mtimeMs })));
  for (const { path } of dated.sort((a, b) => b.endedAt - a.endedAt))
    yield parseRecord(await readFile(path, 'utf8'), path);
}
