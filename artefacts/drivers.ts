/** JDBC drivers: from the cache, else from Maven; always the very file that the project knows. */
import type { Driver } from '../core/stores/drivers.js';
import { obtain, type Archive, type Source } from './archive.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { findMaven } from './maven.js';
import { urlAllowed } from './url-policy.js';

/** @throws EverbrokerError ArtefactUnavailable | ArtefactCorrupt */
export const fetchDriver = (cache: ArtefactCache, driver: Driver, options: FetchOptions = {}): Promise<Archive> =>
  obtain(cache, { name: driver.file, sha512: driver.sha512, sources: () => sourcesOf(cache, driver) }, options);

/** Maven's client knows the machine's mirrors; Maven Central itself is for machines without it. */
async function sourcesOf(cache: ArtefactCache, { coordinates, file }: Driver): Promise<Source[]> {
  const mvn = await findMaven(cache.env);
  if (mvn !== undefined) return [{ kind: 'maven', mvn, coordinates }];
  const [group = '', artefact, version] = coordinates.split(':');
  const url = `https://repo1.maven.org/maven2/${group.replaceAll('.', '/')}/${artefact}/${version}/${file}`;
  return urlAllowed(url, cache.allowedUrls) ? [{ kind: 'https', url }] : [];
}
