import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { advisoriesFor, ADVISORIES_DATE, compareVersions } from '../../core/advisories.js';
import { TESTED_VERSIONS } from '../../core/topology/rules/versions.js';

const ids = (version: string): string[] => advisoriesFor(version).map(({ id }) => id);

describe('advisories', () => {
  test('name the openwire hole of 2023 for each line up to the version that fixed it', () => {
    for (const version of ['5.15.12', '5.15.15', '5.16.6', '5.17.5', '5.18.2', '5.14.0']) {
      assert.ok(ids(version).includes('CVE-2023-46604'), version);
    }
    for (const version of ['5.15.16', '5.16.7', '5.17.6', '5.18.3', '5.19.0', '6.2.8']) {
      assert.ok(!ids(version).includes('CVE-2023-46604'), version);
    }
  });

  test('say of every version that can be deployed that it is out of support', () => {
    for (const version of TESTED_VERSIONS) assert.ok(ids(version).includes('out of support'), version);
  });

  test('have nothing against versions in which all of it is fixed', () => {
    assert.deepEqual([ids('5.19.9'), ids('6.2.8')], [[], []]);
  });

  test('go away one by one within a line', () => {
    assert.deepEqual(ids('5.19.7'), ['CVE-2026-50734', 'apache/activemq#1864']);
    assert.deepEqual(ids('5.19.8'), ['apache/activemq#1864']);
  });

  test('carry a date, a source and the version to go to', () => {
    assert.match(ADVISORIES_DATE, /^\d{4}-\d{2}$/);
    for (const { source, fixedIn } of advisoriesFor('5.15.12')) {
      assert.match(source, /^https:\/\//);
      assert.ok(fixedIn.length > 0);
    }
  });
});

test('versions are compared by their numbers', () => {
  assert.deepEqual(['5.18.10', '5.18.9', '5.9.0', '6.0.0'].toSorted(compareVersions), [
    '5.9.0',
    '5.18.9',
    '5.18.10',
    '6.0.0',
  ]);
});
