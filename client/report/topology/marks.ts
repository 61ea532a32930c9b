/** What each injection of a drill broke, as places in the drawing of its cluster. Pure. */
import type { DrillRecord, Injection } from '../../../core/drills/record.js';

/** Something that was broken; `numbers` are the rows of the table of injections, from 1. */
export interface Mark {
  numbers: number[];
  words: string;
}

export type Place = 'node' | 'host' | 'group' | 'store' | 'service' | 'bridge';

export interface Marks {
  /** One a kind of fault, however often it was done there. */
  on(place: Place, name: string): Mark[];
  /** What is nowhere in the drawing, for people. */
  readonly nowhere: string[];
}

/** A bridge as records name it; those of before did not say its name. */
export const bridgeKey = ({ from, to, name }: DrillRecord['topology']['bridges'][number]): string =>
  name ?? `${from}-${to}`;

interface Hit {
  place: Place;
  name: string;
  words: string;
}

export function marksOf(record: DrillRecord): Marks {
  const found = new Map<string, Mark[]>();
  const nowhere: string[] = [];
  for (const [index, injection] of record.injections.entries()) {
    const hits = hitsOf(record, injection);
    for (const { place, name, words } of hits) {
      const key = `${place} ${name}`;
      const marks = found.get(key) ?? [];
      found.set(key, marks);
      const same = marks.find((mark) => mark.words === words);
      if (same === undefined) marks.push({ numbers: [index + 1], words });
      else same.numbers.push(index + 1);
    }
    if (hits.length === 0 && injection.targets.length > 0) nowhere.push(injection.detail);
  }
  return { on: (place, name) => found.get(`${place} ${name}`) ?? [], nowhere };
}

/** A fault without a line here marks whatever its targets name. */
const WORDS: Readonly<Record<string, string>> = {
  kill: 'kill -9',
  stop: 'stopped',
  freeze: 'frozen',
  packets: 'slow, lossy',
  'expire-session': 'no ZooKeeper',
};

function hitsOf(record: DrillRecord, injection: Injection): Hit[] {
  const { kind, targets, group } = injection;
  const { topology } = record;
  const fault = faultOf(record);
  const each = (place: Place, words: string): Hit[] =>
    targets.filter((name) => has(topology, place, name)).map((name) => ({ place, name, words }));
  switch (kind) {
    case 'disk-full':
      return group === null ? [] : [{ place: 'store', name: group, words: 'disk full' }];
    case 'replace-lock':
      return group === null ? [] : [{ place: 'store', name: group, words: 'lock replaced' }];
    case 'restart-database':
      return (topology.services ?? [])
        .filter(({ name }) => targets.includes(`database ${name}`))
        .map(({ name }) => ({ place: 'service', name, words: 'restarted' }));
    case 'cut-bridge':
      return cutBridges(record, targets).map((bridge) => ({ place: 'bridge', name: bridgeKey(bridge), words: 'cut' }));
    case 'lose-host':
      return each('host', fault['how'] === 'cut' ? 'cut off' : 'killed');
    case 'packets':
      return each('host', 'slow, lossy');
    case 'partition':
      if (fault['between'] === 'host-and-clients') return each('host', 'no clients');
      if (fault['between'] === 'node-and-store') return each('node', 'no store');
      return each('group', 'cut off').flatMap((hit) => [hit, ...bridgesCutBy(record, hit.name)]);
    default: {
      const words = WORDS[kind] ?? kind;
      const places = ['node', 'host', 'group'] as const;
      return targets.flatMap((name) => {
        const place = places.find((one) => has(topology, one, name));
        return place === undefined ? [] : [{ place, name, words }];
      });
    }
  }
}

/** No packet passes between the group's hosts and the others, so none of its bridges stands. */
const bridgesCutBy = ({ topology }: DrillRecord, group: string): Hit[] =>
  topology.bridges
    .filter(({ from, to }) => from === group || to === group)
    .map((bridge) => ({ place: 'bridge', name: bridgeKey(bridge), words: 'cut' }));

function faultOf({ scenario }: DrillRecord): Record<string, unknown> {
  const fault = scenario['fault'];
  return typeof fault === 'object' && fault !== null ? { ...fault } : {};
}

/** Where the record does not name bridges, the scenario says which it was, as it did when it was cut. */
function cutBridges({ topology: { bridges }, scenario }: DrillRecord, targets: readonly string[]) {
  if (bridges.some(({ name }) => name !== undefined))
    return bridges.filter(({ name }) => name !== undefined && targets.includes(`bridge ${name}`));
  const target = scenario['target'];
  const wanted: Record<string, unknown> = typeof target === 'object' && target !== null ? { ...target } : {};
  return bridges.filter(({ from, to }) => (wanted['from'] ?? from) === from && (wanted['to'] ?? to) === to).slice(0, 1);
}

function has({ groups, hosts = [] }: DrillRecord['topology'], place: Place, name: string): boolean {
  const nodes = Object.values(groups).flat();
  if (place === 'node') return nodes.some(({ node }) => node === name);
  if (place === 'host') return hosts.includes(name) || nodes.some(({ host }) => host === name);
  return Object.hasOwn(groups, name);
}
