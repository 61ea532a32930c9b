/** Records of drills: written once, whole or not at all, and read again as what they were. */
import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { keepRecord, lastDrill } from '../../activities/records.js';
import { EverbrokerError } from '../../core/failure.js';
import { openRecords } from '../../worker/records.js';
import { aRecord } from '../support/drills.js';

let home = '';
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'everbroker-records-'));
});
after(() => rm(home, { recursive: true, force: true }));

const deps = (): Deps => ({ records: openRecords({ home }) }) as Deps;
const refused = (error: unknown): boolean => error instanceof EverbrokerError && error.type === 'InvalidInput';

test('a record is kept for good: found again as it is, and never replaced', async () => {
  const record = aRecord({ cluster: 'one', drill: 'd1' });
  const { path } = await keepRecord(deps(), { record });
  assert.equal((await stat(path)).mode & 0o777, 0o444);
  const text = await readFile(path, 'utf8');
  assert.deepEqual(JSON.parse(text), record);
  assert.deepEqual(await keepRecord(deps(), { record }), { path });
  await assert.rejects(keepRecord(deps(), { record: { ...record, verdict: 'failed' } }), refused);
  assert.equal(await readFile(path, 'utf8'), text);
  assert.deepEqual(await readdir(join(home, 'records', 'one')), ['d1.json']);
});

test('a record is kept by one of many that write it at the same time', async () => {
  const record = aRecord({ cluster: 'many', drill: 'd1' });
  await Promise.all(Array.from({ length: 8 }, () => keepRecord(deps(), { record })));
  assert.deepEqual(await readdir(join(home, 'records', 'many')), ['d1.json']);
});

test('the last drill is the one that ended last, whatever order they were kept in; one that was skipped is none', async () => {
  assert.equal(await lastDrill(deps(), { cluster: 'order' }), null);
  const at = 1_700_000_000_000;
  for (const [drill, minutes, verdict] of [
    ['d2', 20, 'failed'],
    ['d1', 10, 'passed'],
    ['d3', 30, 'skipped'],
  ] as const)
    await keepRecord(deps(), {
      record: aRecord({ cluster: 'order', drill, startedAt: at + minutes, endedAt: at + minutes + 1, verdict }),
    });
  const last = await lastDrill(deps(), { cluster: 'order' });
  assert.deepEqual(last, { drill: 'd2', scenario: 'stop-master', verdict: 'failed', endedAt: at + 21 });
});

test('the last drill is found without reading the older ones: a broken one stops nothing', async () => {
  const old = join(home, 'records', 'broken', 'd0.json');
  await mkdir(join(home, 'records', 'broken'), { recursive: true });
  await writeFile(old, '{');
  await utimes(old, 1000, 1000);
  await keepRecord(deps(), { record: aRecord({ cluster: 'broken', drill: 'd1' }) });
  assert.equal((await lastDrill(deps(), { cluster: 'broken' }))?.drill, 'd1');
  await keepRecord(deps(), {
    record: aRecord({ cluster: 'broken', drill: 'd2', verdict: 'skipped', endedAt: Date.now() }),
  });
  assert.equal((await lastDrill(deps(), { cluster: 'broken' }))?.drill, 'd1');
});

test('what is no record is refused when it is read, and a name that leads elsewhere when it is kept', async () => {
  await mkdir(join(home, 'records', 'bad'), { recursive: true });
  const path = join(home, 'records', 'bad', 'd1.json');
  for (const text of ['{', '{"version":1}']) {
    await writeFile(path, text);
    await assert.rejects(lastDrill(deps(), { cluster: 'bad' }), refused);
    await chmod(path, 0o600);
  }
  for (const drill of ['../d1', 'a/b', ''])
    await assert.rejects(keepRecord(deps(), { record: aRecord({ drill }) }), refused, drill);
});
