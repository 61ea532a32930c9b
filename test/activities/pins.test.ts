import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { holdPin } from '../../activities/pins.js';
import { EverbrokerError } from '../../core/failure.js';
import { forgetPins, openPins } from '../../worker/pins.js';
import { aParsedTopology } from '../support/topologies.js';

const topology = aParsedTopology();
let home: string;
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'everbroker-pins-'));
});
after(() => rm(home, { recursive: true, force: true }));
beforeEach(() => forgetPins({ home }, topology.name));

const look = (id: string, isThere: boolean) =>
  holdPin({ pins: openPins({ home }) } as Deps, topology, { host: 'h1', id, isThere });
const refused = (error: unknown): boolean => {
  assert.ok(error instanceof EverbrokerError);
  assert.equal(error.type, 'EngineChanged');
  assert.match(error.message, /is on Docker engine A, but this worker now reaches B.* remove pins\/test /);
  return true;
};

describe('a host', () => {
  test('that was never seen may be made on any engine', async () => {
    await look('A', false);
    await look('B', false);
  });

  test('that was seen on one engine is not made a second time on another', async () => {
    await look('A', true);
    await assert.rejects(look('B', false), refused);
    await look('A', false);
  });

  test('is pinned anew where it is: an engine may get another id', async () => {
    await look('A', true);
    await look('B', true);
    await look('B', false);
    assert.deepEqual(await readdir(join(home, 'pins', topology.name)), ['h1']);
  });

  test('is forgotten with the data of its cluster', async () => {
    await look('A', true);
    await forgetPins({ home }, topology.name);
    await look('B', false);
  });
});
