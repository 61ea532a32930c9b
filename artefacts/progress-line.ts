import type { ArtefactProgress } from './cache.js';

const MB = 1_000_000;
const INTERVAL_MS = 1_000;

/** One line for a person: `apache-activemq-5.18.3-bin.tar.gz: downloading from archive.apache.org, 12 of 50 MB`. */
export function progressLine(progress: ArtefactProgress): string {
  const from = progress.source === undefined ? '' : ` from ${progress.source}`;
  const done = Math.floor(progress.bytes / MB);
  const total = progress.total === undefined ? '' : ` of ${Math.ceil(progress.total / MB)}`;
  const amount = progress.bytes === 0 && progress.total === undefined ? '' : `, ${done}${total} MB`;
  const phase = progress.phase === 'waiting' ? 'waiting for another process that fetches it' : progress.phase;
  return `${progress.artefact}: ${phase}${from}${amount}`;
}

/** A progress callback that writes a line at each change of phase or source, and else one a second. */
export function progressLines(write: (line: string) => void, now: () => number): (progress: ArtefactProgress) => void {
  const last = new Map<string, { what: string; at: number }>();
  return (progress) => {
    const what = `${progress.phase} ${progress.source ?? ''}`;
    const before = last.get(progress.artefact);
    if (before?.what === what && now() - before.at < INTERVAL_MS) return;
    last.set(progress.artefact, { what, at: now() });
    write(progressLine(progress));
  };
}
