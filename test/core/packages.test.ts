import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { PACKAGE_MANAGERS, installScript, javaPackage } from '../../core/packages.js';

describe('the package with Java', () => {
  test('is named as each family names it', () => {
    assert.deepEqual(
      PACKAGE_MANAGERS.map((manager) => javaPackage(manager, 17)),
      [
        'openjdk-17-jre-headless',
        'java-17-openjdk-headless',
        'java-17-openjdk-headless',
        'java-17-openjdk-headless',
        'openjdk17-jre-headless',
      ],
    );
  });

  test('is the oldest with long support that is new enough', () => {
    const versions = [11, 17, 18, 21, 22, 25].map((minimum) => javaPackage('apk', minimum));
    assert.deepEqual(
      versions,
      [17, 17, 21, 21, 25, 25].map((version) => `openjdk${version}-jre-headless`),
    );
  });
});

for (const manager of PACKAGE_MANAGERS)
  test(`${manager} is asked without questions, in a script that a shell can read, for the package as one word`, () => {
    const script = installScript(manager);
    execFileSync('sh', ['-n'], { input: script });
    assert.match(script, /"\$1"/);
    assert.match(script, / -y | --non-interactive | --quiet /);
  });
