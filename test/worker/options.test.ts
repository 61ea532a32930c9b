import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAllowed, workerOptionsFromEnv } from '../../worker/options.js';

describe('a worker’s settings', () => {
  test('have defaults for everything', () => {
    const read = workerOptionsFromEnv({}, '/srv');
    assert.ok(read.ok);
    assert.equal(read.settings.taskQueue, 'everbroker');
    assert.equal(read.settings.state.secrets, '/srv/.everbroker/secrets');
    assert.deepEqual(read.settings.allowed, { hosts: null, engines: null, images: null, urls: null });
    assert.equal(read.settings.dockerHost, null);
    assert.equal(read.settings.logLevel, 'info');
  });

  test('are read from the environment, and an empty variable is one that is not set', () => {
    const env = {
      EVERBROKER_TASK_QUEUE: 'site-b',
      EVERBROKER_HOME: '/var/lib/ev',
      EVERBROKER_SECRETS_DIR: '/etc/ev/secrets',
      EVERBROKER_ALLOWED_URLS: 'https://archive.apache.org/*, https://mirror.example/*',
      EVERBROKER_MAX_ACTIVITIES: '7',
      EVERBROKER_LOG_LEVEL: '',
      DOCKER_HOST: 'unix:///run/docker.sock',
    };
    const read = workerOptionsFromEnv(env, '/srv');
    assert.ok(read.ok);
    assert.equal(read.settings.taskQueue, 'site-b');
    assert.equal(read.settings.state.home, '/var/lib/ev');
    assert.equal(read.settings.state.secrets, '/etc/ev/secrets');
    assert.deepEqual(read.settings.allowed.urls, ['https://archive.apache.org/*', 'https://mirror.example/*']);
    assert.equal(read.settings.maxConcurrentActivities, 7);
    assert.equal(read.settings.dockerHost, 'unix:///run/docker.sock');
  });

  test('that are wrong are all listed at once, each by its name', () => {
    const env = {
      EVERBROKER_MAX_ACTIVITIES: 'many',
      EVERBROKER_MAX_WORKFLOW_TASKS: '1',
      EVERBROKER_LOG_LEVEL: 'loud',
      EVERBROKER_ALLOWED_HOSTS: 'a,,b',
      DOCKER_HOST: 'docker.sock',
    };
    const read = workerOptionsFromEnv(env, '/srv');
    assert.ok(!read.ok);
    assert.deepEqual(read.problems.map((problem) => problem.split(':')[0]).sort(), Object.keys(env).sort());
    assert.ok(read.problems.includes('EVERBROKER_MAX_ACTIVITIES: must be a whole number'), read.problems.join('\n'));
    assert.ok(read.problems.includes('EVERBROKER_MAX_WORKFLOW_TASKS: must be from 2 to 1000'));
  });
});

test('a pattern means the whole value, its star anything, and its other characters themselves', () => {
  assert.equal(isAllowed('anything', null), true);
  assert.equal(isAllowed('https://archive.apache.org/dist/x', ['https://archive.apache.org/*']), true);
  assert.equal(isAllowed('https://archiveXapache.org/dist/x', ['https://archive.apache.org/*']), false);
  assert.equal(isAllowed('http://evil/https://archive.apache.org/', ['https://archive.apache.org/*']), false);
  assert.equal(isAllowed('x', []), false);
});
