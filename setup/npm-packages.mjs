// Whether node_modules is what package-lock.json says, and `npm ci` where it is not.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './progress.mjs';

const packagesOf = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
};

/**
 * npm writes node_modules/.package-lock.json as the last thing, with what it really installed. Comparing it with the
 * lock file finds a cut-off install, a changed lock file and an install by hand that is right, in ten milliseconds.
 */
export function npmPackagesAreCurrent(root) {
  const wanted = packagesOf(join(root, 'package-lock.json'));
  const installed = packagesOf(join(root, 'node_modules', '.package-lock.json'));
  if (!wanted || !installed) return false;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '') return true;
    const there = installed[path];
    // Optional packages are those for other platforms; npm leaves them out.
    if (!there) return entry.optional === true || entry.devOptional === true;
    return there.version === entry.version && there.integrity === entry.integrity;
  });
}

export const installNpmPackages = (root) =>
  run(['npm', 'ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    whatToDo: 'see that this machine reaches the npm registry (npm config get registry), then run the command again.',
  });
