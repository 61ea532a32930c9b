/** One process at a time works on an artefact: a lock file made exclusively, kept fresh while it is held. */
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const POLL_MS = 200;
const REFRESH_MS = 2_000;
/** A holder refreshes its lock every 2 s; one that did not for this long is dead, or stopped for good. */
const STALE_MS = 30_000;

const holderSchema = z.object({ pid: z.number(), host: z.string() });

export interface LockOptions {
  signal?: AbortSignal | undefined;
  /** Called while another holds the lock. */
  waiting?: (() => void | Promise<void>) | undefined;
}

/**
 * Runs `work` while holding `<path>.lock`. Should two ever work at once (a holder that slept for longer than the lock
 * lives), checksums find the damage: the lock saves work, correctness does not hang on it.
 */
export async function withLock<T>(path: string, work: () => Promise<T>, options: LockOptions = {}): Promise<T> {
  const lock = `${path}.lock`;
  while (!(await tryCreate(lock))) {
    options.signal?.throwIfAborted();
    if (await isStale(lock)) await steal(lock);
    else {
      await options.waiting?.();
      await sleep(POLL_MS, undefined, { signal: options.signal });
    }
  }
  const refresh = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => undefined);
  }, REFRESH_MS);
  refresh.unref();
  try {
    options.signal?.throwIfAborted();
    return await work();
  } finally {
    clearInterval(refresh);
    await rm(lock, { force: true });
  }
}

async function tryCreate(lock: string): Promise<boolean> {
  try {
    await writeFile(lock, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function isStale(lock: string): Promise<boolean> {
  const found = await stat(lock).catch(() => undefined);
  if (!found) return false;
  if (Date.now() - found.mtimeMs > STALE_MS) return true;
  const holder = await readHolder(lock);
  // A pid says something only about this machine; a container that shares the directory has another host name.
  return holder !== undefined && holder.host === hostname() && !isAlive(holder.pid);
}

/** Removes a stale lock. The second lock keeps two thieves apart, else the slower would remove the faster one's lock. */
async function steal(lock: string): Promise<void> {
  const guard = `${lock}.steal`;
  if (!(await tryCreate(guard))) {
    const guarded = await stat(guard).catch(() => undefined);
    if (guarded && Date.now() - guarded.mtimeMs > STALE_MS) await rm(guard, { force: true });
    await sleep(POLL_MS);
    return;
  }
  try {
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}

async function readHolder(lock: string): Promise<z.output<typeof holderSchema> | undefined> {
  try {
    return holderSchema.parse(JSON.parse(await readFile(lock, 'utf8')));
  } catch {
    return undefined; // Just being written, or just removed.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return isCode(error, 'EPERM');
  }
}

const isCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
