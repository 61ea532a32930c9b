/** What the drawing of a cluster shows, from the record alone; where it is drawn is the layout's matter. Pure. */
import { lanesOf, type LaneRole, type Stretch } from '../../../core/drills/lanes.js';
import type { DrillRecord } from '../../../core/drills/record.js';
import { bridgeKey, marksOf, type Mark, type Marks } from './marks.js';

/** A node, or a server of a database or an ensemble. */
export interface Item {
  title: string;
  /** Before the first fault and at the end; null: not recorded. A server has none. */
  roles: { before: LaneRole | null; after: LaneRole | null } | null;
  /** Of a server. */
  engine: string | null;
  marks: Mark[];
}

export interface SketchHost {
  name: string;
  marks: Mark[];
}

/** A group, or a service, with what it has on each host. */
export interface Band {
  key: string;
  kind: 'group' | 'database' | 'ensemble';
  title: string;
  marks: Mark[];
  /** What its nodes share; null for a service, and where it is not recorded. */
  store: { words: string; marks: Mark[] } | null;
  on: Map<string, Item[]>;
}

export interface Link {
  kind: 'bridge' | 'store';
  name: string;
  /** Keys of bands. */
  from: string;
  to: string;
  /** Messages flow in both directions; null: not recorded. */
  duplex: boolean | null;
  marks: Mark[];
}

/** What clients sent to a group, or received from it. */
export interface Stream {
  band: string;
  way: 'in' | 'out';
  flow: string;
  count: number;
  /** Acknowledged and not received. */
  lost: number;
}

export interface Sketch {
  hosts: SketchHost[];
  bands: Band[];
  links: Link[];
  streams: Stream[];
  /** What the record does not say, in sentences. */
  missing: string[];
}

export function sketchOf(record: DrillRecord): Sketch {
  const { topology } = record;
  const marks = marksOf(record);
  const bands = [...groupBands(record, marks), ...serviceBands(record, marks)];
  const names = [...(topology.hosts ?? []), ...bands.flatMap(({ on }) => [...on.keys()])];
  return {
    hosts: [...new Set(names)].map((name) => ({ name, marks: marks.on('host', name) })),
    bands,
    links: [...bridges(record, marks), ...storeLinks(record)],
    streams: streamsOf(record),
    missing: missingIn(record, marks),
  };
}

const groupKey = (group: string): string => `group ${group}`;
const serviceKey = (service: string): string => `service ${service}`;

function groupBands(record: DrillRecord, marks: Marks): Band[] {
  const { topology, injections, startedAt } = record;
  const lanes = lanesOf(record.samples);
  const fault = injections[0]?.injectedAt ?? startedAt;
  return Object.entries(topology.groups).map(([group, members]) => {
    const on = new Map<string, Item[]>();
    for (const { node, host } of members) {
      const lane = lanes.get(node) ?? [];
      const roles = { before: roleBefore(lane, fault), after: lane.at(-1)?.role ?? null };
      put(on, host, { title: node, roles, engine: null, marks: marks.on('node', node) });
    }
    const store = topology.stores?.[group];
    return {
      key: groupKey(group),
      kind: 'group',
      title: group,
      marks: marks.on('group', group),
      store: store === undefined ? null : { words: STORES[store.kind] ?? store.kind, marks: marks.on('store', group) },
      on,
    };
  });
}

const STORES: Readonly<Record<string, string>> = {
  kahadb: 'KahaDB, file lock',
  jdbc: 'JDBC, lease',
  leveldb: 'LevelDB, elected',
};

/** The last one that was seen before the fault; recorders may begin after it where nothing was broken. */
function roleBefore(lane: readonly Stretch[], fault: number): LaneRole | null {
  return (lane.findLast(({ from }) => from < fault) ?? lane[0])?.role ?? null;
}

function serviceBands({ topology }: DrillRecord, marks: Marks): Band[] {
  return (topology.services ?? []).map(({ name, engine, servers }) => {
    const on = new Map<string, Item[]>();
    const own = marks.on('service', name);
    for (const { name: title, host } of servers) put(on, host, { title, roles: null, engine, marks: own });
    return {
      key: serviceKey(name),
      kind: engine === 'zookeeper' ? 'ensemble' : 'database',
      title: name,
      marks: [],
      store: null,
      on,
    };
  });
}

function put(on: Map<string, Item[]>, host: string, item: Item): void {
  on.set(host, [...(on.get(host) ?? []), item]);
}

const bridges = ({ topology }: DrillRecord, marks: Marks): Link[] =>
  topology.bridges.map((bridge) => ({
    kind: 'bridge',
    name: bridge.name ?? '',
    from: groupKey(bridge.from),
    to: groupKey(bridge.to),
    duplex: bridge.duplex ?? null,
    marks: marks.on('bridge', bridgeKey(bridge)),
  }));

const storeLinks = ({ topology }: DrillRecord): Link[] =>
  Object.entries(topology.stores ?? {}).flatMap(([group, { service }]) =>
    service === null
      ? []
      : [{ kind: 'store', name: '', from: groupKey(group), to: serviceKey(service), duplex: null, marks: [] }],
  );

const streamsOf = ({ ledger }: DrillRecord): Stream[] =>
  (ledger?.flows ?? []).flatMap(({ flow, from, to, acknowledged, delivered, lost }): Stream[] => [
    { band: groupKey(from), way: 'in', flow, count: acknowledged, lost: 0 },
    { band: groupKey(to), way: 'out', flow, count: delivered, lost },
  ]);

function missingIn({ topology, ledger, samples }: DrillRecord, marks: Marks): string[] {
  const missing = marks.nowhere.map((detail) => `Not in the drawing: ${detail}.`);
  if (topology.stores === undefined)
    missing.push('This record is of before stores, databases and ensembles were written down: they are not drawn.');
  if (topology.bridges.some(({ duplex }) => duplex === undefined))
    missing.push('Whether bridges carry messages both ways was not recorded: arrows show who connects to whom.');
  if (ledger === null) missing.push('There is no ledger: the load of the clients is not drawn.');
  if (samples.length === 0) missing.push('No roles were recorded: nodes are drawn without.');
  return missing;
}
