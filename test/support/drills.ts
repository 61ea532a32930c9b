/** A drill that went well, to be spoilt by tests: samples, ledger and what was done. */
import assert from 'node:assert/strict';
import { judge, type Done, type Evidence } from '../../core/drills/judge.js';
import { noCounts, type FlowLedger, type Ledger, type LedgerCounts } from '../../core/drills/ledger.js';
import { parseScenario } from '../../core/drills/parse-scenario.js';
import { drillRecordSchema, type DrillRecord } from '../../core/drills/record.js';
import type { RoleSample, SampledRole } from '../../core/drills/samples.js';
import type { Scenario } from '../../core/drills/scenario.js';

/** When the load began. */
export const BEGIN = 1_700_000_000_000;
/** ms after it: the fault, the other node's takeover, the heal, all well again, the end. */
export const FAULT = 5_000;
export const TAKEOVER = 6_400;
export const HEAL = 15_000;
export const WHOLE = 17_000;
export const END = 22_000;

export const GROUPS = { A: [{ node: 'a1' }, { node: 'a2' }], B: [{ node: 'b1' }, { node: 'b2' }] };

export function aScenario(parts: Record<string, unknown> = {}): Scenario {
  const result = parseScenario({
    version: 1,
    name: 'stop-master',
    target: { role: 'master' },
    fault: { kind: 'stop', holdSeconds: 10 },
    load: { flows: [{ perSecond: 100 }] },
    expect: { duplicated: 0, reordered: 0, brokerRtoSeconds: 5, producerRtoSeconds: 5, consumerRtoSeconds: 5 },
    ...parts,
  });
  assert.ok(result.ok, JSON.stringify(result));
  return result.scenario;
}

/** Roles of a node: from a moment on, in ms after the beginning. */
export type Roles = Record<string, [number, SampledRole][]>;

export const HOSTS: Record<string, string> = { a1: 'h1', a2: 'h2', b1: 'h1', b2: 'h2' };

export const goodRoles = (): Roles => ({
  a1: [
    [0, 'master'],
    [FAULT + 200, 'down'],
    [HEAL + 100, 'recovering'],
    [WHOLE, 'slave'],
  ],
  a2: [
    [0, 'slave'],
    [FAULT + 600, 'recovering'],
    [TAKEOVER, 'master'],
  ],
  b1: [[0, 'master']],
  b2: [[0, 'slave']],
});

/** As the recorders of the hosts write them: every change, and once a second. */
export function samplesOf(roles: Roles, { until = END }: { until?: number } = {}): RoleSample[] {
  const hosts = [...new Set(Object.keys(roles).map((node) => HOSTS[node] ?? 'h1'))];
  return hosts
    .flatMap((host) => {
      const nodes = Object.keys(roles).filter((node) => (HOSTS[node] ?? 'h1') === host);
      const changes = nodes.flatMap((node) => (roles[node] ?? []).map(([at]) => at));
      const seconds = Array.from({ length: Math.floor(until / 1000) + 1 }, (_, index) => index * 1000);
      const moments = [...new Set([...changes, ...seconds])].filter((at) => at <= until).sort((a, b) => a - b);
      return moments.map((at) => ({
        at: BEGIN + at,
        host,
        roles: Object.fromEntries(
          nodes.flatMap((node) => {
            const now = (roles[node] ?? []).filter(([from]) => from <= at).at(-1);
            return now === undefined ? [] : [[node, now[1]]];
          }),
        ),
      }));
    })
    .sort((a, b) => a.at - b.at);
}

export function aFlow(parts: Partial<FlowLedger> = {}): FlowLedger {
  const outage = { from: BEGIN + FAULT, to: BEGIN + FAULT + 1600 };
  const seconds = Array.from({ length: END / 1000 }, (_, index) => ({
    at: BEGIN + index * 1000,
    acknowledged: index === 5 ? 0 : 100,
    delivered: index === 5 ? 0 : 100,
    sendMs: index === 6 ? 1600 : 8,
    deliveryMs: index === 6 ? 1650 : 12,
  }));
  return {
    flow: 'A-A',
    from: 'A',
    to: 'A',
    ...noCounts(),
    sent: 2100,
    acknowledged: 2100,
    delivered: 2100,
    examples: {},
    stuckIn: [],
    sendMs: { p50: 1, p90: 3, p99: 8, max: 1600 },
    deliveryMs: { p50: 2, p90: 5, p99: 12, max: 1650 },
    producerSilence: outage,
    consumerSilence: outage,
    seconds,
    ...parts,
  };
}

export function aLedger(...flows: FlowLedger[]): Ledger {
  const list = flows.length === 0 ? [aFlow()] : flows;
  const total = noCounts();
  for (const flow of list) for (const name of Object.keys(total) as (keyof LedgerCounts)[]) total[name] += flow[name];
  return { flows: list, total };
}

export const aStop = (parts: Partial<Done> = {}): Done => ({
  kind: 'stop',
  targets: ['a1'],
  group: 'A',
  detail: 'stop a1 on h1',
  injectedAt: BEGIN + FAULT,
  healedAt: BEGIN + HEAL,
  healedBy: 'drill',
  bridgesBackSeconds: 2.5,
  ...parts,
});

export const anEvidence = (parts: Partial<Evidence> = {}): Evidence => ({
  scenario: aScenario(),
  groups: GROUPS,
  hasBridges: true,
  injections: [aStop()],
  samples: samplesOf(goodRoles()),
  ledger: aLedger(),
  unseen: [],
  healed: true,
  aborted: null,
  ...parts,
});

/** The record of a drill that went well. */
export function aRecord(parts: Partial<DrillRecord> = {}): DrillRecord {
  const evidence = anEvidence();
  const { injections, hypotheses, verdict, reason } = judge(evidence);
  const on = (group: keyof typeof GROUPS) => GROUPS[group].map(({ node }) => ({ node, host: HOSTS[node] ?? 'h1' }));
  return drillRecordSchema.parse({
    version: 1,
    drill: '0190f0d2-7c1e-4c1a-9a55-3f1c2b7d9e01',
    workflowId: 'drill-test-stop-master-1',
    startedBy: 'somebody',
    cluster: 'test',
    environment: 'test',
    topologyHash: 'abc123',
    versions: { everbroker: '0.1.0', activemq: '5.18.3', java: '17.0.19' },
    topology: { groups: { A: on('A'), B: on('B') }, bridges: [{ from: 'A', to: 'B' }] },
    scenario: evidence.scenario,
    startedAt: BEGIN - 3000,
    endedAt: BEGIN + END + 2000,
    phases: [
      { name: 'steady state', from: BEGIN - 3000, to: BEGIN },
      { name: 'warm-up', from: BEGIN, to: BEGIN + FAULT },
      { name: 'fault', from: BEGIN + FAULT, to: BEGIN + HEAL },
      { name: 'recovery', from: BEGIN + HEAL, to: BEGIN + WHOLE },
      { name: 'drain', from: BEGIN + WHOLE, to: BEGIN + END },
    ],
    injections,
    samples: evidence.samples,
    ledger: evidence.ledger,
    hypotheses,
    healed: true,
    verdict,
    reason,
    ...parts,
  });
}
