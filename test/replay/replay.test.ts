import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { describe, test } from 'node:test';
import { DeterminismViolationError } from '@temporalio/workflow';
import { Worker } from '@temporalio/worker';
import { parseHistory } from '../support/history-files.js';
import { bundleOf, workflowBundle } from '../support/workflow-env.js';

const directory = new URL('histories/', import.meta.url);
const files = (await readdir(directory)).filter((file) => file.endsWith('.json')).sort();
const read = (file: string): Promise<string> => readFile(new URL(file, directory), 'utf8');

describe('operations that were running when the worker was replaced', () => {
  for (const file of files) {
    test(`go on: ${file.replace('.json', '')} replays`, async () => {
      const history = parseHistory(await read(file));
      await Worker.runReplayHistory({ workflowBundle: await workflowBundle() }, history);
    });
  }

  test('are those of each workflow, and of deployments that took different ways', async () => {
    const types = await Promise.all(
      files.map(async (file) => {
        const [first] = parseHistory(await read(file)).events ?? [];
        return first?.workflowExecutionStartedEventAttributes?.workflowType?.name;
      }),
    );
    const wanted = [
      'deployCluster',
      'destroyCluster',
      'holdCluster',
      'planCluster',
      'runDrill',
      'statusCluster',
      'verifyCluster',
    ];
    assert.deepEqual([...new Set(types)].sort(), wanted);
    assert.ok(types.filter((type) => type === 'deployCluster').length >= 3);
  });

  test('would be stopped by a worker that does one activity more at the start: the replay says so', async () => {
    const history = parseHistory(await read('deploy-fresh.json'));
    const changed = await bundleOf('../fixtures/incompatible-workflows.ts');
    await assert.rejects(Worker.runReplayHistory({ workflowBundle: changed }, history), DeterminismViolationError);
  });

  test('are recorded without the name of a machine, a file of it, or a client’s process', async () => {
    for (const file of files) {
      const text = await read(file);
      assert.doesNotMatch(text, /"stackTrace": "[^"]|"identity": "[^"]*@/, file);
      const payloads = [...text.matchAll(/"data": "([^"]*)"/g)].map(([, data = '']) => Buffer.from(data, 'base64'));
      assert.doesNotMatch(payloads.join('\n'), /file:\/\/|\.ts:\d|node_modules/, file);
    }
  });
});
