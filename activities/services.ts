/** Databases and servers of ensembles on hosts: installed, configured, started, and opened for the groups that use them. */
import {
  DATABASE_USER,
  accessFile,
  databaseUid,
  engineOf,
  placeService,
  renderService,
} from '../core/databases/index.js';
import { EverbrokerError } from '../core/failure.js';
import { hashText } from '../core/hash-text.js';
import { AGENT_FILE, databaseBase, nodeStateDir } from '../core/layout.js';
import { accountsVersion, grantedFor } from '../core/plan/services.js';
import type { StepResult } from '../core/plan/step.js';
import { versionFor } from '../core/secrets.js';
import { serviceNamed } from '../core/topology/topology.js';
import { ownedBy } from '../hosts/owned-host.js';
import { commandFailed } from '../hosts/run.js';
import type { Sealed } from '../hosts/sealed.js';
import { putFiles } from '../hosts/transfer.js';
import type { Deps } from './deps.js';
import { toHostFile, unseal } from './nodes.js';
import type { StepInput } from './step-input.js';

const PACKAGES_MS = 15 * 60_000;
/** A database that was killed reads its log again when it starts. */
const START_SECONDS = 300;
const STOP_SECONDS = 60;
const UID_TAKEN = 93;

/**
 * apt only: engines name Debian's packages, and where their programs lie. On a machine the user that is made is written down
 * before, see ssh-prepare.ts. The database is made beside its place and moved there whole: a run that was cut leaves none
 * that looks finished. An existing one is only given back to its user.
 */
const INSTALL = `set -e
base=$1 user=$2 uid=$3 packages=$4 before=$5 find=$6 server=$7 initialise=$8
export DEBIAN_FRONTEND=noninteractive
exec 9>/var/lib/everbroker/packages.lock
flock -w 600 9 || :
owner=$(getent passwd "$uid") || owner=
case $owner in
  '' | "$user":*) ;;
  *) echo "uid $uid is user \${owner%%:*}'s, and databases need it for $user" >&2; exit ${UID_TAKEN} ;;
esac
programs=$(sh -c "$find" 2>/dev/null) || programs=
if [ ! -x "$programs/$server" ]; then
  command -v apt-get >/dev/null || { echo "no apt-get: install $packages into the image" >&2; exit 90; }
  dpkg --configure -a >/dev/null
  sh -c "$before"
  apt-get -o DPkg::Lock::Timeout=120 -qq update
  apt-get -o DPkg::Lock::Timeout=120 -qq -y --no-install-recommends install $packages >/dev/null
  rm -rf /var/lib/apt/lists/*
  programs=$(sh -c "$find")
fi
[ -x "$programs/$server" ] || { echo "$packages brought no $server" >&2; exit 91; }
created=/var/lib/everbroker/created
[ -n "$owner" ] || [ ! -f "$created" ] || grep -qx "user $user" "$created" || echo "user $user" >>"$created"
[ -n "$owner" ] || { getent group "$uid" >/dev/null || groupadd -g "$uid" "$user"; useradd -M -N -u "$uid" -g "$uid" -d "$base" -s /usr/sbin/nologin "$user"; }
mkdir -p "$base/conf" "$base/access" "$base/data"
chmod 0755 "$base"
ln -sfn "$programs" "$base/bin"
chown "$uid:$uid" "$base/data" && chmod 0700 "$base/data"
find "$base/data" -xdev ! -uid "$uid" -exec chown -h "$uid:$uid" {} +
if [ ! -d "$base/data/db" ]; then
  rm -rf "$base/data/db.part"
  cd "$base/data"
  # Nothing of the packages' own service may lie in the way of the names that are used.
  PATH=$programs:/usr/bin:/usr/sbin:/bin:/sbin setpriv --reuid="$uid" --regid="$uid" --clear-groups \\
    sh -c "umask 077; $initialise" sh "$base/data/db.part" "$user" >"$base/data/initialise.log" 2>&1 ||
    { tail -n 20 "$base/data/initialise.log" >&2; exit 92; }
  mv "$base/data/db.part" "$base/data/db"
fi`;

export async function installService(
  deps: Deps,
  { topology, host, token, step }: StepInput,
  signal: AbortSignal,
): Promise<StepResult> {
  const service = serviceNamed(topology, step.service ?? '');
  const engine = engineOf(service);
  const base = databaseBase(topology, service.name);
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const argv = [base, DATABASE_USER, String(databaseUid(topology)), engine.packages.join(' ')];
  const scripts = [engine.beforeInstall, engine.findPrograms, engine.server, engine.initialise];
  const result = await opened.exec(['sh', '-c', INSTALL, 'sh', ...argv, ...scripts], {
    timeoutMs: PACKAGES_MS,
    signal,
  });
  if (result.exitCode === UID_TAKEN)
    throw new EverbrokerError('HostUnfit', `${host}: ${result.stderr.trim()}`, { host });
  if (result.exitCode !== 0 || result.timedOut) {
    const failed = commandFailed({ ...result, argv: ['sh', '-c', 'install', ...argv] }, `install ${engine.title}`);
    throw new EverbrokerError('DatabaseUnavailable', failed.message, failed.details);
  }
  const files = renderService(topology, service).map((file) => toHostFile(topology, file));
  await putFiles(opened, files, { timeoutMs: 30_000, signal });
  return { changed: true, note: engine.title };
}

/** Up with its present configuration, then the accounts. Both are safe to repeat. */
export async function startService(
  deps: Deps,
  { topology, host, token, step, sealed }: StepInput & { sealed: Sealed },
  signal: AbortSignal,
): Promise<StepResult> {
  const service = serviceNamed(topology, step.service ?? '');
  const opened = ownedBy(await deps.openHost(topology, host), token);
  const started = await opened.exec(['sh', '-c', START, 'sh', AGENT_FILE, service.name, String(START_SECONDS)], {
    timeoutMs: (START_SECONDS + STOP_SECONDS) * 1000,
    signal,
  });
  if (started.exitCode !== 0 || started.timedOut) {
    const end = (started.stdout.trim() || started.stderr.trim()).split('\n').slice(-20).join('\n');
    throw new EverbrokerError(
      'DatabaseDidNotStart',
      `${host}: ${service.name} did not start (exit code ${started.exitCode})\n${end}`,
      { host, database: service.name },
    );
  }
  const placed = placeService(topology, service);
  const access = accessFile(placed);
  const { accounts } = engineOf(service);
  if (accounts === null || access === null) return { changed: true };
  const secrets = await unseal(deps, { host: opened, key: `${token}/${host}`, sealed, signal });
  const uid = String(databaseUid(topology));
  const client = accounts.client(placed, DATABASE_USER);
  const granted = await opened.exec(['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', ...client], {
    stdin: accounts.sql(placed, secrets.stores),
    timeoutMs: 30_000,
    signal,
  });
  // Its output may quote the statement, and with it a password: only what went wrong is told.
  if (granted.exitCode !== 0 || granted.timedOut)
    throw commandFailed(
      { ...granted, stdout: '', stderr: withoutSecrets(granted.stderr, Object.values(secrets.stores)) },
      `make the accounts of ${service.name}`,
    );
  const mark = grantedFor(
    hashText(access.content),
    accountsVersion(topology, service, (group) => versionFor(secrets, group)),
  );
  await putFiles(opened, [{ path: `${nodeStateDir(service.name)}/granted`, content: `${mark}\n`, mode: 0o644 }], {
    timeoutMs: 10_000,
    signal,
  });
  const groups = placed.access.map(({ group }) => group).join(', ');
  return { changed: true, note: groups === '' ? 'for no group' : `accounts of ${groups}` };
}

/** One that runs with an older configuration is stopped first; the agent knows both fingerprints. */
const START = `agent=$1 name=$2 seconds=$3
line=$(sh "$agent" service "$name")
old=$(printf '%s' "$line" | tr ' ' '\\n' | sed -n 's/^launched=//p') new=$(printf '%s' "$line" | tr ' ' '\\n' | sed -n 's/^current=//p')
if [ -n "$old" ] && [ "$old" != "$new" ]; then sh "$agent" down "$name" >/dev/null || exit; fi
sh "$agent" up "$name" >/dev/null && exec sh "$agent" await "$name" "$seconds"`;

const withoutSecrets = (text: string, logins: readonly { password: string }[]): string =>
  logins.reduce((rest, { password }) => rest.replaceAll(password, '[redacted]'), text);
