import { STATE_DIR } from '../../layout.js';
import { storeDirectory } from '../../stores/index.js';
import { placedNodes, placedStores } from '../draft.js';
import type { Draft, PlacedNode } from '../draft.js';
import type { Path } from '../problem.js';
import type { Rule, RuleFinding } from './rule.js';

/** Directories that belong to the system as a whole: nothing is mounted over them. */
const SHARED =
  '/usr /usr/local /var /var/lib /var/log /opt /srv /home /mnt /media /root /bin /sbin /lib /lib32 /lib64'.split(' ');
/** Directories in which nothing of ours has a place, at any depth. /tmp and /run are emptied when a host starts. */
const SYSTEM =
  '/etc /boot /dev /proc /sys /run /tmp /bin /sbin /lib /lib32 /lib64 /usr/bin /usr/sbin /usr/lib /usr/share /var/run /var/tmp'.split(
    ' ',
  );

/** Directories below the root that Everbroker makes itself, beside those of the nodes. */
const OWN = ['.activemq', '.java', '.cds', '.drivers', '.databases', '.replicas'];

/** What a broker keeps in its base; a store may only be below `data`. */
const DATA = 'data';

const within = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);

interface Directory {
  group: string;
  directory: string;
  at: Path;
}

const directories = (draft: Draft): Directory[] =>
  placedStores(draft).flatMap(({ name, at, spec }) => {
    const directory = storeDirectory(spec);
    return directory === null ? [] : [{ group: name, directory, at: [...at, 'directory'] }];
  });

function systemDirectory(path: string): string | undefined {
  if (SHARED.includes(path)) return `${path} belongs to the whole system`;
  const system = SYSTEM.find((directory) => within(path, directory));
  if (system !== undefined) return `${system} is a directory of the system`;
  const isState = within(path, STATE_DIR) || within(STATE_DIR, path);
  return isState ? `${STATE_DIR} holds Everbroker's own state` : undefined;
}

const system: Rule = {
  id: 'directory-of-the-system',
  severity: 'error',
  says: "`root` and stores are neither in nor above directories of the system (`/etc`, `/usr`, `/tmp` …) or Everbroker's own.",
  check: (draft) => [
    ...refused(['root'], systemDirectory(draft.topology.root)),
    ...directories(draft).flatMap(({ at, directory }) => refused(at, systemDirectory(directory))),
  ],
};

const refused = (at: Path, reason: string | undefined): RuleFinding[] =>
  reason === undefined
    ? []
    : [{ at, message: reason, suggestion: 'for example a directory below /usr/local/mqcluster' }];

const inRoot: Rule = {
  id: 'store-hides-files',
  severity: 'error',
  says: "A store is not mounted over the root, a node's base, conf or data directory, or what Everbroker installs; below a node's `data` it may be.",
  check: (draft) => directories(draft).flatMap((store) => refused(store.at, hides(draft, store))),
};

function hides(draft: Draft, { directory, group }: Directory): string | undefined {
  const { root } = draft.topology;
  if (within(root, directory)) return `${directory} would hide ${root}, where the nodes live`;
  const own = OWN.find((part) => within(directory, `${root}/${part}`));
  if (own !== undefined) return `${root}/${own} holds what Everbroker installs`;
  const owner = placedNodes(draft).find(({ name }) => within(directory, `${root}/${name}`));
  return owner === undefined ? undefined : hidesNode(directory, `${root}/${owner.name}`, { owner, group });
}

function hidesNode(
  directory: string,
  base: string,
  { owner, group }: { owner: PlacedNode; group: string },
): string | undefined {
  if (owner.group !== group) return `${base} is the directory of node ${owner.name} of another group, ${owner.group}`;
  const data = `${base}/${DATA}`;
  if (within(directory, data) && directory !== data) return undefined;
  return `${directory} would hide files of node ${owner.name}; only below ${data} there is room for a store`;
}

const apart: Rule = {
  id: 'store-shared',
  severity: 'error',
  says: 'No two groups have one store directory on a host, or one inside the other.',
  check: (draft) => {
    const stores = directories(draft);
    return stores.flatMap((store, index) =>
      stores
        .slice(0, index)
        .filter((earlier) => haveHostInCommon(draft, store.group, earlier.group))
        .flatMap((earlier) => overlap(store, earlier)),
    );
  },
};

function overlap(store: Directory, earlier: Directory): RuleFinding[] {
  const suggestion = 'each group needs a directory of its own';
  if (store.directory === earlier.directory) {
    return [{ at: store.at, message: `is the store of group ${earlier.group} already, on the same host`, suggestion }];
  }
  if (!within(store.directory, earlier.directory) && !within(earlier.directory, store.directory)) return [];
  const message = `overlaps ${earlier.directory}, the store of group ${earlier.group} on the same host`;
  return [{ at: store.at, message, suggestion }];
}

function haveHostInCommon(draft: Draft, group: string, other: string): boolean {
  const hosts = (of: string) => placedNodes(draft).flatMap((node) => (node.group === of ? [node.spec.host] : []));
  const others = new Set(hosts(other));
  return hosts(group).some((host) => others.has(host));
}

export const storeRules: readonly Rule[] = [system, inRoot, apart];
