import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLog, temporalLogger } from '../../worker/logging.js';

describe('the worker’s log', () => {
  const lines: string[] = [];
  const logger = temporalLogger(createLog('info', { write: (line) => void lines.push(line) }));

  test('is one JSON object a line, with the error’s stack and without the task token', () => {
    logger.warn('Activity failed', { activityId: '7', taskToken: 'CiQ', error: new Error('no route') });
    const line: unknown = JSON.parse(lines.pop() ?? '');
    assert.ok(typeof line === 'object' && line !== null);
    assert.match(JSON.stringify(line), /"msg":"Activity failed"/);
    assert.match(JSON.stringify(line), /no route.*logging\.test/);
    assert.doesNotMatch(JSON.stringify(line), /taskToken|CiQ/);
  });

  test('leaves out what is below its level', () => {
    logger.debug('poll', {});
    assert.deepEqual(lines, []);
  });

  test('never shows the value of a key that names a secret', () => {
    logger.info('made', {
      password: 'hunter2',
      login: { user: 'ann', password: 'hunter2', deep: { token: 'hunter2' } },
    });
    const line = lines.pop() ?? '';
    assert.doesNotMatch(line, /hunter2/);
    assert.match(line, /ann/);
  });
});
