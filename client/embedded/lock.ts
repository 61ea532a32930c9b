import { randomUUID } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { identify, isRunning, processIdentitySchema, type ProcessIdentity } from './process-identity.js';

/** A breaker holds its own lock for microseconds; one that is this old belongs to a process that died meanwhile. */
const BREAKER_STALE_MS = 10_000;

/**
 * Runs `work` while no other process holds the lock file `path`; waits for the holder as long as it lives.
 * The lock of a process that has died is broken.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const me = await identify(process.pid);
  // The file appears with its content (link is atomic), so nobody ever reads a half-written holder.
  const mine = `${path}.${randomUUID()}`;
  await writeFile(mine, JSON.stringify(me), { mode: 0o600 });
  try {
    while (!(await tryLink(mine, path))) {
      signal?.throwIfAborted();
      await breakIfDead(path, mine);
      await delay(50);
    }
  } finally {
    await rm(mine, { force: true });
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** One breaker at a time, and it looks again under its own lock: else the second would break the first's fresh lock. */
async function breakIfDead(path: string, mine: string): Promise<void> {
  if (!(await isDead(path))) return;
  const breaker = `${path}.breaker`;
  if (!(await tryLink(mine, breaker))) {
    const age = await stat(breaker).then(
      (at) => Date.now() - at.ctimeMs,
      () => 0,
    );
    if (age > BREAKER_STALE_MS) await rm(breaker, { force: true });
    return;
  }
  try {
    if (await isDead(path)) await rm(path, { force: true });
  } finally {
    await rm(breaker, { force: true });
  }
}

async function isDead(path: string): Promise<boolean> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return false; // released meanwhile
  const holder = parseHolder(text);
  return holder === null || !(await isRunning(holder));
}

function parseHolder(text: string): ProcessIdentity | null {
  try {
    return processIdentitySchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}
