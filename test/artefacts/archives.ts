/** Small archives shaped like the real ones. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { Header } from 'tar-stream';

export type Content = Record<string, string | Partial<Header>>;

/** The time of every entry. */
export const MTIME = new Date('2023-10-24T19:32:00Z');

/** A tar.gz; a text is a file, a header anything else. */
export async function tarGz(content: Content): Promise<Buffer> {
  const packed = pack();
  for (const [name, what] of Object.entries(content)) {
    if (typeof what === 'string') packed.entry({ name, mtime: MTIME, mode: 0o666, uid: 501, gid: 20 }, what);
    else packed.entry({ name, mtime: MTIME, mode: 0o777, ...what }).end(null);
  }
  packed.finalize();
  return gzipSync(await buffer(packed));
}

export const aDistribution = (version: string, more: Content = {}): Promise<Buffer> => {
  const top = `apache-activemq-${version}`;
  const inside: Content = {
    'bin/activemq.jar': 'main',
    'bin/linux-x86-64/wrapper': 'native',
    'bin/wrapper.jar': 'wrapper',
    'bin/env': 'ACTIVEMQ_OPTS=""',
    [`activemq-all-${version}.jar`]: 'all',
    [`lib/activemq-broker-${version}.jar`]: 'broker',
    'lib/web/jetty.jar': 'jetty',
    'lib/optional/log4j.jar': 'log4j',
    'lib/activemq-rar.txt': 'text',
    'conf/jetty.xml': '<beans/>',
    'webapps/admin/index.jsp': 'page',
    'webapps-demo/demo.jsp': 'demo',
    'docs/index.html': 'docs',
    'examples/a.java': 'example',
    ...more,
  };
  const entries = Object.entries(inside).map(([name, what]) => [`${top}/${name}`, what]);
  return tarGz({ [`${top}/`]: { type: 'directory' }, ...(Object.fromEntries(entries) as Content) });
};

export const sha512 = (content: Buffer): string => createHash('sha512').update(content).digest('hex');

/** A directory that the test's end removes. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'everbroker-artefacts-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
