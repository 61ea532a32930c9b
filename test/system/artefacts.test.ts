/** Every supported version, really fetched by Maven's client into an empty cache. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { openArtefactCache } from '../../artefacts/cache.js';
import type { ArtefactProgress } from '../../artefacts/cache.js';
import { isUnusedJar } from '../../core/activemq/render.js';
import { fetchDistribution } from '../../artefacts/distribution.js';
import { knownSha512 } from '../../artefacts/known-checksums.js';
import { temporaryDirectory } from '../artefacts/archives.js';

const run = promisify(execFile);

/** What configurations are made from, by version: logging moved to log4j 2 in 5.17. */
const LOG4J1 = ['conf/log4j.properties'];
const LOG4J2 = ['conf/log4j2.properties'];
const SHIPPED = { '5.15.12': LOG4J1, '5.15.16': LOG4J1, '5.16.7': LOG4J1, '5.17.6': LOG4J2, '5.18.3': LOG4J2 };
const ALWAYS_SHIPPED = ['conf/jetty.xml'];

describe("a distribution from Maven's client", () => {
  for (const [version, own] of Object.entries(SHIPPED)) {
    test(`is ActiveMQ ${version}, trimmed and read`, async (t) => {
      const directory = await temporaryDirectory(t);
      // An empty list allows no URL, so that only Maven's client is left.
      const cache = openArtefactCache({ directory: join(directory, 'cache'), allowedUrls: [] });
      const phases = new Set<string>();
      const progress = ({ phase }: ArtefactProgress) => phases.add(phase);
      const cached = await fetchDistribution(cache, { version, source: { kind: 'maven' } }, { progress });
      const { distribution } = cached;

      assert.equal(distribution.sha512, knownSha512(`org.apache.activemq:apache-activemq:${version}:tar.gz:bin`));
      assert.deepEqual(Object.keys(distribution.shipped).sort(), [...ALWAYS_SHIPPED, ...own].sort());
      assert.match(distribution.shipped['conf/jetty.xml'] ?? '', /<beans[\s\S]*<\/beans>\s*$/);
      assert.ok(phases.has('preparing'));

      const home = join(directory, 'home');
      await mkdir(home);
      // With --ignore-zeros it reads to the end: else it may go at the end mark, before all of the padding is written.
      const tar = spawn('tar', ['-x', '--ignore-zeros', '-C', home], { stdio: ['pipe', 'inherit', 'inherit'] });
      const ended = new Promise((resolve) => tar.on('close', resolve));
      await pipeline(createReadStream(cached.tar.path), tar.stdin);
      assert.equal(await ended, 0);
      for (const jar of distribution.jars) assert.ok((await stat(join(home, jar))).isFile(), jar);
      for (const [path, text] of Object.entries(distribution.shipped)) {
        assert.equal(await readFile(join(home, path), 'utf8'), text, path);
      }
      await assertTimesAsShipped(join(cache.directory, `apache-activemq-${version}-bin.tar.gz`), home);
    });
  }
});

/** Size, time and name of each jar in lib/, as the system's own tar lists them. */
async function jarsIn(script: string, argument: string): Promise<string[]> {
  const list = `${script} | tar -tv --utc --full-time`;
  const { stdout } = await run('sh', ['-c', list, 'sh', argument], { maxBuffer: 1 << 24 });
  const jars = stdout.split('\n').filter((line) => /\/lib\/.*\.jar$/.test(line));
  return jars
    .map((line) =>
      line
        .split(/\s+/)
        .slice(2)
        .join(' ')
        .replace(/ \S*?\/lib\//, ' lib/'),
    )
    .sort();
}

async function assertTimesAsShipped(archive: string, home: string): Promise<void> {
  const shipped = await jarsIn('gzip -dc "$1"', archive);
  assert.ok(shipped.length > 50);
  const wanted = shipped.filter((line) => !isUnusedJar(line.slice(line.indexOf(' lib/') + 1)));
  assert.ok(wanted.length < shipped.length);
  assert.deepEqual(await jarsIn('tar -c -C "$1" .', home), wanted);
}
