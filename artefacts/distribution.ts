/** ActiveMQ's distribution: fetched, trimmed for streaming, and read for what the configuration is made from. */
import { z } from 'zod';
import type { Distribution } from '../core/activemq/distribution.js';
import { classPathJars, isUnusedJar, requiredShipped } from '../core/activemq/render.js';
import type { Topology } from '../core/topology/schema.js';
import { EverbrokerError } from '../core/failure.js';
import { obtain } from './archive.js';
import type { Archive, Source } from './archive.js';
import type { ArtefactCache, FetchOptions } from './cache.js';
import { corrupt } from './checksum.js';
import type { StoredFile } from './entry.js';
import { knownSha512 } from './known-checksums.js';
import { pinnedArchive } from './pinned-archive.js';
import { findMaven } from './maven.js';
import { apacheArchiveUrl, cacheName, mavenCentralUrl, parseCoordinates } from './maven-coordinates.js';
import type { Coordinates } from './maven-coordinates.js';
import { preparedTar } from './prepared.js';
import type { Recipe } from './prepared.js';
import { urlAllowed } from './url-policy.js';

export type ActivemqSpec = Topology['activemq'];

export interface CachedDistribution {
  /** The home as a plain, trimmed tar: no top directory, owner root, times as upstream set them. */
  tar: StoredFile;
  distribution: Distribution;
}

/**
 * Fetches a distribution unless the cache has it, and prepares it for streaming.
 * @throws EverbrokerError ArtefactUnavailable | ArtefactCorrupt | InputRefused
 */
export async function fetchDistribution(
  cache: ArtefactCache,
  activemq: ActivemqSpec,
  options: FetchOptions = {},
): Promise<CachedDistribution> {
  const { version, source } = activemq;
  const archive =
    source.kind === 'maven'
      ? await mavenArchive(cache, source.coordinates ?? defaultCoordinates(version), options)
      : await pinnedArchive(cache, source, options);
  const recipe = homeRecipe(version);
  const { tar, facts } = await preparedTar(cache, { archive, recipe }, options);
  return { tar, distribution: { version, sha512: archive.sha512, ...facts } };
}

const defaultCoordinates = (version: string): string => `org.apache.activemq:apache-activemq:${version}:tar.gz:bin`;

function mavenArchive(cache: ArtefactCache, text: string, options: FetchOptions): Promise<Archive> {
  const coordinates = parseCoordinates(text);
  const sources = () => mavenSources(cache, coordinates);
  return obtain(cache, { name: cacheName(coordinates), sha512: knownSha512(text), sources }, options);
}

/** The Apache archive, then Maven's client, which knows the machine's mirrors; Maven Central itself where there is none. */
async function mavenSources(cache: ArtefactCache, coordinates: Coordinates): Promise<Source[]> {
  const mvn = await findMaven(cache.env);
  const apache = apacheArchiveUrl(coordinates);
  const archiveOrNone: Source[] = apache === undefined ? [] : [{ kind: 'https', url: apache }];
  const repository: Source =
    mvn === undefined
      ? { kind: 'https', url: mavenCentralUrl(coordinates) }
      : { kind: 'maven', mvn, coordinates: coordinates.text };
  return [...archiveOrNone, repository].filter(
    (source) => source.kind === 'maven' || urlAllowed(source.url, cache.allowedUrls),
  );
}

/** Increase with every change of `isTrimmed`, `requiredShipped`, `classPathJars` or `prepareTar`. */
const HOME_FORMAT = 'home-5';

const factsSchema = z.object({ jars: z.array(z.string()), shipped: z.record(z.string(), z.string()) });

const homeRecipe = (version: string): Recipe<z.output<typeof factsSchema>> => ({
  name: `apache-activemq-${version}`,
  format: HOME_FORMAT,
  keep: (path) => !isTrimmed(path),
  read: (path) => requiredShipped(version).includes(path),
  schema: factsSchema,
  facts: ({ files, texts }) => {
    assertVersion(files, version);
    return { jars: classPathJars(files), shipped: texts };
  },
});

/**
 * What no broker needs: half of the distribution. activemq-all repeats the jars of lib/ for embedding; the natives are
 * those of a service wrapper that Everbroker's agent stands in for.
 */
const isTrimmed = (path: string): boolean =>
  isUnusedJar(path) ||
  /^(webapps-demo|docs|examples|bin\/(linux|macosx|win)[^/]*)(\/|$)/.test(path) ||
  /^(activemq-all-[^/]*\.jar|bin\/wrapper\.jar)$/.test(path);

function assertVersion(files: string[], version: string): void {
  if (files.includes(`lib/activemq-broker-${version}.jar`)) return;
  const broker = files.find((path) => /^lib\/activemq-broker-[^/]*\.jar$/.test(path));
  const found = broker?.slice('lib/activemq-broker-'.length, -'.jar'.length);
  if (found === undefined) throw corrupt(`apache-activemq-${version}`, 'it holds no lib/activemq-broker jar');
  const message = `the archive holds ActiveMQ ${found}, the topology says ${version}: correct activemq.version or its source`;
  throw new EverbrokerError('InvalidInput', message, { found, version });
}
