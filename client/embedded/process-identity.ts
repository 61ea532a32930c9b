/**
 * A process is known by its pid AND the moment it started: a pid alone is soon someone else's, and Everbroker never
 * signals what it did not start.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

export const processIdentitySchema = z.object({
  pid: z.number().int().positive(),
  /** Boot id and start time in clock ticks since boot (Linux), or `ps`'s start time. */
  started: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

/** The identity of a running process, or null where none (or only a zombie) has that pid. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const started = process.platform === 'linux' ? await startOnLinux(pid) : await startByPs(pid);
  return started === null ? null : { pid, started };
}

/** Whether this very process still runs. */
export async function isRunning(identity: ProcessIdentity): Promise<boolean> {
  return (await identify(identity.pid))?.started === identity.started;
}

/** Ends this very process: SIGTERM, then after `graceMs` SIGKILL. Says how it went; nothing else is ever signalled. */
export async function endProcess(
  identity: ProcessIdentity,
  graceMs: number,
): Promise<'not running' | 'ended' | 'killed'> {
  if (!(await signal(identity, 'SIGTERM'))) return 'not running';
  if (await hasEnded(identity, graceMs)) return 'ended';
  await signal(identity, 'SIGKILL');
  await hasEnded(identity, 5_000);
  return 'killed';
}

async function signal(identity: ProcessIdentity, name: NodeJS.Signals): Promise<boolean> {
  if (!(await isRunning(identity))) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch (error) {
    // It ended between the look and the signal.
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

async function hasEnded(identity: ProcessIdentity, withinMs: number): Promise<boolean> {
  const deadline = Date.now() + withinMs;
  while (await isRunning(identity)) {
    if (Date.now() > deadline) return false;
    await delay(25);
  }
  return true;
}

async function startOnLinux(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (stat === null) return null;
  // The command's name (field 2) may hold spaces and parentheses: what follows the last one is regular.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A killed process is a zombie while its other threads still hold its ports and files (field 20: threads).
  const isZombie = fields[0] === 'Z' || fields[0] === 'X';
  if (isZombie && Number(fields[17]) <= 1) return null;
  const ticks = fields[19]; // field 22 of proc(5)
  if (ticks === undefined) return null;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}/${ticks}`;
}

async function startByPs(pid: number): Promise<string | null> {
  const ps = promisify(execFile);
  const { stdout } = await ps('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]).catch(() => ({ stdout: '' }));
  const [state, ...started] = stdout.trim().split(/\s+/);
  return started.length === 0 || state?.startsWith('Z') ? null : started.join(' ');
}
