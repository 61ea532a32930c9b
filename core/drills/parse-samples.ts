/** The recorder's lines, read and joined. Their format is written down in agent/parts/recording.sh. Pure. */
import type { RoleSample, SampledRole } from './samples.js';

const ROLES: readonly string[] = ['master', 'slave', 'recovering', 'frozen', 'down'] satisfies SampledRole[];
const isRole = (text: string): text is SampledRole => ROLES.includes(text);

/** Lines `MS node=role …`. A line that was cut by a crash is left out; one that is no sample at all is, too. */
export function parseSamples(text: string, host: string): RoleSample[] {
  return text.split('\n').flatMap((line) => {
    const [at = '', ...entries] = line.trim().split(/ +/);
    if (!/^\d{12,}$/.test(at)) return [];
    const roles: Record<string, SampledRole> = {};
    for (const entry of entries) {
      const [node = '', role = ''] = entry.split('=');
      if (node === '' || !isRole(role)) return [];
      roles[node] = role;
    }
    return [{ at: Number(at), host, roles }];
  });
}

/**
 * The samples of all hosts in the order of time. Every change is kept; of those that only repeat the one before, as many
 * as `most` leaves room for.
 */
export function joinSamples(perHost: readonly (readonly RoleSample[])[], most: number): RoleSample[] {
  const marked = perHost.flatMap((samples) =>
    samples.map((sample, index) => ({ sample, changed: !sameRoles(samples[index - 1], sample) })),
  );
  const repeated = marked.filter(({ changed }) => !changed);
  const room = Math.max(0, most - (marked.length - repeated.length));
  const every = Math.max(1, Math.ceil(repeated.length / Math.max(1, room)));
  const kept = new Set(room === 0 ? [] : repeated.filter((_, index) => index % every === 0));
  return marked
    .filter((mark) => mark.changed || kept.has(mark))
    .map(({ sample }) => sample)
    .sort((one, other) => one.at - other.at);
}

function sameRoles(one: RoleSample | undefined, other: RoleSample): boolean {
  if (one === undefined) return false;
  const names = Object.keys(other.roles);
  return names.length === Object.keys(one.roles).length && names.every((name) => one.roles[name] === other.roles[name]);
}
