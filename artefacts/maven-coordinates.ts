import { EverbrokerError } from '../core/failure.js';

export interface Coordinates {
  text: string;
  group: string;
  artefact: string;
  version: string;
}

/** Parses `group:artefact:version:tar.gz:bin`, the only packaging that a topology may name. */
export function parseCoordinates(text: string): Coordinates {
  const parts = text.split(':');
  const [group, artefact, version, packaging, classifier] = parts;
  const plain = parts.every((part) => /^[A-Za-z0-9_][\w.-]*$/.test(part) && !part.includes('..'));
  const wanted = parts.length === 5 && packaging === 'tar.gz' && classifier === 'bin';
  if (!plain || !wanted || group === undefined || artefact === undefined || version === undefined) {
    throw new EverbrokerError('InputRefused', `${text} is refused: not Maven coordinates of a tar.gz:bin`);
  }
  return { text, group, artefact, version };
}

/** Name in the cache: as upstream names the file, so that one put there by hand is found; other groups get a prefix. */
export function cacheName({ group, artefact, version }: Coordinates): string {
  const prefix = group === 'org.apache.activemq' ? '' : `${group}+`;
  return `${prefix}${artefact}-${version}-bin.tar.gz`;
}

/** The Apache archive keeps every release of its projects for good. */
export function apacheArchiveUrl({ group, artefact, version }: Coordinates): string | undefined {
  if (group !== 'org.apache.activemq' || artefact !== 'apache-activemq') return undefined;
  return `https://archive.apache.org/dist/activemq/${version}/apache-activemq-${version}-bin.tar.gz`;
}

export function mavenCentralUrl({ group, artefact, version }: Coordinates): string {
  const directory = `${group.replaceAll('.', '/')}/${artefact}/${version}`;
  return `https://repo1.maven.org/maven2/${directory}/${artefact}-${version}-bin.tar.gz`;
}
