/** Java from the host's own package manager, whichever that is. */
import { EverbrokerError } from '../core/failure.js';
import { PACKAGE_MANAGERS, installScript, javaPackage, type PackageManager } from '../core/packages.js';
import type { Host } from '../hosts/host.js';
import { commandFailed, run } from '../hosts/run.js';

/** Lists that are updated over a slow line, and a hundred megabytes. */
const PACKAGES_MS = 15 * 60_000;

const FIND = `for manager; do command -v "$manager" >/dev/null 2>&1 && { echo "$manager"; exit; }; done`;

/** The lock: an installation of a worker that died goes on, and package managers do not all wait for each other. */
const install = (manager: PackageManager): string => `set -e
exec 9>/var/lib/everbroker/packages.lock
flock -w 600 9 || :
files=$(${installScript(manager)})
# The package's own Java: what the search path finds may be the old one that was not new enough.
java=$(printf '%s\\n' "$files" | grep '/bin/java$' | head -n 1)
[ -n "$java" ] || java=$(command -v java) || { echo "package $1 brought no java" >&2; exit 91; }
dirname "$(dirname "$(readlink -f "$java")")"`;

/** Java's home. The package is the wanted one, or the family's own with a Java that is new enough. */
export async function installJavaPackage(
  host: Host,
  wanted: { package?: string | undefined; minimum: number },
  signal: AbortSignal,
): Promise<string> {
  const found = await run(host, ['sh', '-c', FIND, 'find', ...PACKAGE_MANAGERS], { timeoutMs: 10_000, signal });
  const manager = PACKAGE_MANAGERS.find((name) => name === found.stdout.trim());
  if (manager === undefined)
    throw new EverbrokerError(
      'JavaUnavailable',
      `${host.name} has none of ${PACKAGE_MANAGERS.join(', ')}: install Java by hand, or use an archive`,
      { host: host.name },
    );
  const name = wanted.package ?? javaPackage(manager, wanted.minimum);
  const result = await host.exec(['sh', '-c', install(manager), 'install', name], { timeoutMs: PACKAGES_MS, signal });
  if (result.exitCode === 0 && !result.timedOut) return result.stdout.trim().split('\n').at(-1) ?? '';
  const failed = commandFailed(result, `install ${name} by ${manager}`);
  throw new EverbrokerError('JavaUnavailable', failed.message, failed.details);
}
