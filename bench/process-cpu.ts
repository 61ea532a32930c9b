/** Processor time of processes on this machine, those in containers among them. */
import { readFileSync, readdirSync } from 'node:fs';

export interface Process {
  pid: number;
  parent: number;
  argv: string[];
  /** Its own and that of its children that have ended, s. */
  cpuSeconds: number;
}

/** All that run now; kernel threads have no argv. */
export function processes(): Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        return [{ pid: Number(name), argv, ...numbersOf(stat) }];
      } catch {
        // it has ended
        return [];
      }
    });
}

/** The name before them may hold blanks and brackets. Ticks are hundredths of a second on Linux. */
function numbersOf(stat: string): { parent: number; cpuSeconds: number } {
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), cpuSeconds: ticks / 100 };
}

/** Of all processes that are meant and what they started, s. */
export function cpuSecondsOf(isMeant: (argv: readonly string[]) => boolean): number {
  const all = processes();
  const meant = new Set(all.filter(({ argv }) => isMeant(argv)).map(({ pid }) => pid));
  for (let size = -1; size !== meant.size;) {
    size = meant.size;
    for (const { pid, parent } of all) if (meant.has(parent)) meant.add(pid);
  }
  return all.reduce((sum, { pid, cpuSeconds }) => (meant.has(pid) ? sum + cpuSeconds : sum), 0);
}
