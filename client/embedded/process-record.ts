import { randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import type { z } from 'zod';
import { isRunning, type ProcessIdentity } from './process-identity.js';

/** What a record file says of a process that still runs; null where there is none, it is unreadable or out of date. */
export async function readRecord<T extends ProcessIdentity>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const record = await readLastRecord(path, schema);
  return record !== null && (await isRunning(record)) ? record : null;
}

/** What a record file says, whether or not that process still runs. */
export async function readLastRecord<T>(path: string, schema: z.ZodType<T>): Promise<T | null> {
  const text = await readFile(path, 'utf8').catch(() => 'null');
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

/** Writes the record (0600) and, beside it, the pid alone for people and scripts. Readers see the old or the new one. */
export async function writeRecord(paths: { record: string; pid: string }, record: ProcessIdentity): Promise<void> {
  await replaceFile(paths.record, `${JSON.stringify(record, null, 2)}\n`);
  await replaceFile(paths.pid, `${record.pid}\n`);
}

export async function removeRecord(paths: { record: string; pid: string }): Promise<void> {
  await rm(paths.record, { force: true });
  await rm(paths.pid, { force: true });
}

async function replaceFile(path: string, content: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, content, { mode: 0o600 });
  await rename(temporary, path);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
