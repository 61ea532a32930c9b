import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readReadiness } from '../../probes/store-probe.js';
import { localHost } from '../support/local-host.js';

/** Notes its arguments, the file that the last one names and what is left of its input, and answers as the probe does. */
const JAVA = `#!/bin/sh
directory=$(dirname "$(dirname "$0")")
echo "$*" >"$directory/arguments"
for last; do :; done
cat "$last" >"$directory/credentials"
cat >"$directory/request"
ls "$TMPDIR" >"$directory/files"
echo '{"outcome":"ok","tables":true}'
echo end
`;

describe('the probe of a database', () => {
  let home: string;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'everbroker-java-'));
    await mkdir(join(home, 'bin'));
    await mkdir(join(home, 'tmp'));
    await writeFile(join(home, 'bin/java'), JAVA, { mode: 0o755 });
    process.env['TMPDIR'] = join(home, 'tmp');
  });
  after(() => rm(home, { recursive: true, force: true }));

  const seen = (name: string): Promise<string> => readFile(join(home, name), 'utf8');
  const ask = (credentials: string | { text: string }) =>
    readReadiness(
      localHost(),
      { javaHome: home, jars: ['a.jar'], credentials, url: 'jdbc:x' },
      AbortSignal.timeout(10_000),
    );

  test('reads the credentials of a node from its file', async () => {
    const file = join(home, 'node.properties');
    await writeFile(file, 'store.user=mq\nstore.password=as it was\n');
    assert.deepEqual(await ask(file), { state: 'ready' });
    assert.equal(await seen('credentials'), 'store.user=mq\nstore.password=as it was\n');
    assert.equal(await seen('request'), 'url=jdbc:x\nask=ready\n');
  });

  test('takes credentials that are in no file yet, and leaves them in no argument and no file', async () => {
    const text = '# everbroker-credentials-version=2\nstore.user=mq\nstore.password=a\\\\b .\\u00e9 $(id) `id`\n';
    assert.deepEqual(await ask({ text }), { state: 'ready' });
    assert.equal(await seen('credentials'), text);
    assert.equal(await seen('request'), 'url=jdbc:x\nask=ready\n');
    assert.doesNotMatch(await seen('arguments'), /store|mq/);
    assert.equal(await seen('files'), '');
    assert.deepEqual(await readdir(join(home, 'tmp')), []);
  });
});
