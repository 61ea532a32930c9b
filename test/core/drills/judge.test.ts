/** The judge against drills that were spoilt on purpose: each class of error is found, by its name. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judge, type Evidence } from '../../../core/drills/judge.js';
import type { Hypothesis } from '../../../core/drills/record.js';
import type { UnseenQueue } from '../../../core/drills/stuck.js';
import {
  aFlow,
  aLedger,
  anEvidence,
  aScenario,
  aStop,
  BEGIN,
  END,
  FAULT,
  goodRoles,
  HEAL,
  samplesOf,
  TAKEOVER,
  WHOLE,
} from '../../support/drills.js';

const found = (evidence: Evidence, name: string): Hypothesis => {
  const hypothesis = judge(evidence).hypotheses.find((one) => one.name === name);
  assert.ok(hypothesis, `no hypothesis ${name}`);
  return hypothesis;
};

test('a drill that went well has passed, with what was measured', () => {
  const { verdict, reason, hypotheses, injections } = judge(anEvidence());
  assert.equal(verdict, 'passed', reason);
  const measured = Object.fromEntries(hypotheses.map((one) => [one.name, one.measured]));
  assert.deepEqual(measured, {
    healed: null,
    oneMaster: 0,
    load: 100,
    lost: 0,
    unexpected: 0,
    stuck: 0,
    duplicated: 0,
    reordered: 0,
    producerRtoSeconds: 1.6,
    consumerRtoSeconds: 1.6,
    brokerRtoSeconds: (TAKEOVER - FAULT) / 1000,
    redundancyBackSeconds: (WHOLE - HEAL) / 1000,
    bridgesBackSeconds: 2.5,
  });
  assert.equal(injections[0]?.brokerRtoSeconds, 1.4);
});

interface Row {
  name: string;
  spoilt: Partial<Evidence>;
  verdict: 'failed' | 'inconclusive';
  /** The hypothesis that says so. */
  by?: string;
  reason: RegExp;
}

const unseen = (flow: string): UnseenQueue => ({ flow, broker: 'B', why: 'refused' });
const counts = (parts: Parameters<typeof aFlow>[0]): Partial<Evidence> => ({ ledger: aLedger(aFlow(parts)) });
const roles = (parts: ReturnType<typeof goodRoles>): Partial<Evidence> => ({
  samples: samplesOf({ ...goodRoles(), ...parts }),
});
const silent = (ms: number) => ({ from: BEGIN + FAULT, to: BEGIN + FAULT + ms });

const rows: Row[] = [
  {
    name: 'a lost message',
    spoilt: counts({ lost: 1, delivered: 2099, examples: { lost: ['1:77'] } }),
    verdict: 'failed',
    by: 'lost',
    reason: /^lost: 1 of A-A \(such as 1:77\)$/,
  },
  {
    name: 'a message delivered twice',
    spoilt: counts({ duplicated: 1 }),
    verdict: 'failed',
    by: 'duplicated',
    reason: /^duplicated: 1 of A-A$/,
  },
  { name: 'a message out of order', spoilt: counts({ reordered: 3 }), verdict: 'failed', by: 'reordered', reason: /3/ },
  {
    name: 'a message that was never sent',
    spoilt: counts({ unexpected: 1 }),
    verdict: 'failed',
    by: 'unexpected',
    reason: /^unexpected: 1/,
  },
  {
    name: 'a stranded message, with where it is',
    spoilt: counts({ stuck: 2, stuckIn: [{ queue: 'Q', broker: 'B', count: 2 }] }),
    verdict: 'failed',
    by: 'stuck',
    reason: /2 of A-A \(2 in Q on B\)/,
  },
  {
    name: 'producers that were silent for too long',
    spoilt: counts({ producerSilence: silent(6000) }),
    verdict: 'failed',
    by: 'producerRtoSeconds',
    reason: /6\.0 s of A-A/,
  },
  {
    name: 'consumers that were silent for too long',
    spoilt: counts({ consumerSilence: silent(5100) }),
    verdict: 'failed',
    by: 'consumerRtoSeconds',
    reason: /5\.1 s of A-A/,
  },
  {
    name: 'producers that waited in vain until the end',
    spoilt: counts({ seconds: aFlow().seconds.slice(0, 8), producerSilence: silent(HEAL - FAULT + 20_000) }),
    verdict: 'failed',
    by: 'producerRtoSeconds',
    reason: /^producerRtoSeconds: /,
  },
  {
    name: 'the silence of one flow among others',
    spoilt: {
      scenario: aScenario({
        load: { flows: [{ perSecond: 100 }, { perSecond: 100 }] },
        expect: { producerRtoSeconds: 5 },
      }),
      ledger: aLedger(aFlow(), aFlow({ flow: 'A-B', producerSilence: silent(9000) })),
    },
    verdict: 'failed',
    by: 'producerRtoSeconds',
    reason: /9\.0 s of A-B/,
  },
  {
    name: 'a takeover that took too long',
    spoilt: roles({
      a2: [
        [0, 'slave'],
        [FAULT + 6000, 'master'],
      ],
    }),
    verdict: 'failed',
    by: 'brokerRtoSeconds',
    reason: /6\.0 s until a master served again \(a1\)/,
  },
  {
    name: 'no takeover at all',
    spoilt: roles({
      a2: [
        [0, 'slave'],
        [FAULT + 600, 'down'],
      ],
    }),
    verdict: 'failed',
    by: 'brokerRtoSeconds',
    reason: /no master served it again/,
  },
  {
    name: 'a frozen master that serves only when it is thawed',
    spoilt: roles({
      a1: [
        [0, 'master'],
        [FAULT + 100, 'frozen'],
        [HEAL, 'master'],
      ],
      a2: [[0, 'slave']],
    }),
    verdict: 'failed',
    by: 'brokerRtoSeconds',
    reason: /10\.0 s until a master served again/,
  },
  {
    name: 'a node that stays away',
    spoilt: roles({
      a1: [
        [0, 'master'],
        [FAULT + 200, 'down'],
      ],
    }),
    verdict: 'failed',
    by: 'redundancyBackSeconds',
    reason: /a node stayed away/,
  },
  {
    name: 'a node of another group that goes away after the heal and stays away',
    spoilt: roles({
      b2: [
        [0, 'slave'],
        [WHOLE + 1000, 'down'],
      ],
    }),
    verdict: 'failed',
    by: 'redundancyBackSeconds',
    reason: /a node stayed away/,
  },
  {
    name: 'a bridge that stays away',
    spoilt: { injections: [aStop({ bridgesBackSeconds: null })] },
    verdict: 'failed',
    by: 'bridgesBackSeconds',
    reason: /a bridge stayed away/,
  },
  {
    name: 'two masters on two hosts',
    spoilt: roles({
      a2: [
        [0, 'slave'],
        [FAULT - 2000, 'master'],
      ],
    }),
    verdict: 'failed',
    by: 'oneMaster',
    reason: /^split brain: a1 and a2 were both master of A at .*, 2\.\d s in all/,
  },
  {
    name: 'two masters long after the fault',
    spoilt: roles({
      a1: [
        [0, 'master'],
        [FAULT + 200, 'down'],
        [WHOLE, 'master'],
      ],
    }),
    verdict: 'failed',
    by: 'oneMaster',
    // By name, whoever of them was the first.
    reason: /^split brain: a1 and a2 /,
  },
  {
    name: 'a fault that is still there',
    spoilt: { healed: false },
    verdict: 'failed',
    by: 'healed',
    reason: /^not healed/,
  },
  {
    name: 'a fault that is still there after a guard ended it',
    spoilt: { healed: false, aborted: 'too many wait' },
    verdict: 'failed',
    by: 'healed',
    reason: /^not healed/,
  },
  {
    name: 'a loss in a drill that a guard ended',
    spoilt: { ...counts({ lost: 1 }), aborted: 'too many wait' },
    verdict: 'failed',
    by: 'lost',
    reason: /^lost/,
  },
  {
    name: 'a drill that a guard ended',
    spoilt: { aborted: '100001 messages wait' },
    verdict: 'inconclusive',
    reason: /^ended early: 100001 messages wait$/,
  },
  {
    name: 'a slow takeover in a drill that a guard ended',
    spoilt: {
      ...roles({
        a2: [
          [0, 'slave'],
          [FAULT + 6000, 'master'],
        ],
      }),
      aborted: 'it took too long',
    },
    verdict: 'inconclusive',
    reason: /^ended early/,
  },
  { name: 'no load at all', spoilt: { ledger: null }, verdict: 'inconclusive', reason: /there is no ledger/ },
  {
    name: 'a load of which nothing was acknowledged',
    spoilt: counts({ sent: 100, acknowledged: 0, delivered: 0, seconds: [] }),
    verdict: 'inconclusive',
    by: 'load',
    reason: /nothing of A-A was acknowledged/,
  },
  {
    name: 'a load of which nothing was delivered',
    spoilt: counts({ delivered: 0 }),
    verdict: 'inconclusive',
    by: 'load',
    reason: /nothing of A-A was delivered/,
  },
  {
    name: 'a load at a third of its rate',
    spoilt: counts({
      seconds: aFlow().seconds.map((row) => ({ ...row, acknowledged: Math.floor(row.acknowledged / 3) })),
    }),
    verdict: 'inconclusive',
    by: 'load',
    reason: /A-A flowed at 33 % of its rate before the fault/,
  },
  {
    name: 'a load that began after the fault',
    spoilt: counts({ seconds: aFlow().seconds.slice(7) }),
    verdict: 'inconclusive',
    by: 'load',
    reason: /flowed at 0 %/,
  },
  {
    name: 'a load that died during the fault',
    spoilt: counts({ seconds: aFlow().seconds.slice(0, 8) }),
    verdict: 'inconclusive',
    by: 'load',
    reason: /the load ended before the fault was healed/,
  },
  {
    name: 'a flow that is missing',
    spoilt: { scenario: aScenario({ load: { flows: [{}, {}] } }) },
    verdict: 'inconclusive',
    by: 'load',
    reason: /1 of 2 flows have a ledger/,
  },
  {
    name: 'no samples',
    spoilt: { samples: [] },
    verdict: 'inconclusive',
    by: 'oneMaster',
    reason: /no sample tells of a1/,
  },
  {
    name: 'samples that end before the heal',
    spoilt: { samples: samplesOf(goodRoles(), { until: HEAL - 1000 }) },
    verdict: 'inconclusive',
    by: 'oneMaster',
    reason: /^oneMaster: the samples do not cover .*no sample tells of it/,
  },
  {
    name: 'samples that begin after the fault',
    spoilt: { samples: samplesOf(goodRoles()).filter(({ at }) => at > BEGIN + TAKEOVER) },
    verdict: 'inconclusive',
    by: 'oneMaster',
    reason: /do not cover/,
  },
  {
    name: 'a queue that could not be looked into, though all is well that was seen',
    spoilt: { unseen: [unseen('A-A')] },
    verdict: 'inconclusive',
    by: 'stuck',
    reason: /^stuck: a queue could not be looked into: that of A-A at B \(refused\)$/,
  },
  {
    name: 'messages that may be in a queue that could not be looked into',
    spoilt: { ...counts({ delivered: 2095, lost: 5 }), unseen: [unseen('A-A')] },
    verdict: 'inconclusive',
    by: 'lost',
    reason: /^lost: 5 of A-A; a queue could not be looked into: .*stuck: /,
  },
  {
    name: 'messages that may be in a queue, none of which was looked into',
    spoilt: { ...counts({ delivered: 2095, lost: 5 }), unseen: null },
    verdict: 'inconclusive',
    by: 'lost',
    reason: /no queue was looked into/,
  },
  {
    name: 'a loss in a flow whose queues were all looked into, beside one with a queue that was not',
    spoilt: {
      ledger: aLedger(aFlow({ delivered: 2099, lost: 1 }), aFlow({ flow: 'A-B', to: 'B' })),
      unseen: [unseen('A-B')],
    },
    verdict: 'failed',
    by: 'lost',
    reason: /^lost: 1 of A-A/,
  },
  {
    name: 'messages that are stuck where somebody looked, beside a queue that could not be looked into',
    spoilt: { ...counts({ delivered: 2095, stuck: 5 }), unseen: [unseen('A-A')] },
    verdict: 'failed',
    by: 'stuck',
    reason: /^stuck: 5 of A-A/,
  },
  {
    name: 'two masters, beside a queue that could not be looked into',
    spoilt: {
      ...roles({
        a2: [
          [0, 'slave'],
          [FAULT, 'master'],
        ],
        a1: [[0, 'master']],
      }),
      unseen: [unseen('A-A')],
    },
    verdict: 'failed',
    by: 'oneMaster',
    reason: /^split brain/,
  },
  {
    name: 'a fault that was never done',
    spoilt: { injections: [] },
    verdict: 'inconclusive',
    reason: /nothing was injected/,
  },
];

describe('the judge finds', () => {
  for (const { name, spoilt, verdict, by, reason } of rows)
    test(name, () => {
      const evidence = anEvidence(spoilt);
      const judged = judge(evidence);
      assert.equal(judged.verdict, verdict, judged.reason);
      assert.match(judged.reason, reason);
      if (by !== undefined) assert.notEqual(found(evidence, by).held, true);
    });
});

describe('the judge does not mind', () => {
  test('what has no tolerance', () => {
    const scenario = aScenario({ expect: {} });
    const judged = judge(
      anEvidence({ scenario, ...counts({ duplicated: 5, reordered: 9, producerSilence: silent(9000) }) }),
    );
    assert.equal(judged.verdict, 'passed', judged.reason);
    assert.equal(judged.hypotheses.find(({ name }) => name === 'duplicated')?.measured, 5);
  });

  test('a takeover that was seen an instant before the end of the old master was', () => {
    const a2: [number, 'slave' | 'master'][] = [
      [0, 'slave'],
      [FAULT + 100, 'master'],
    ];
    const judged = judge(anEvidence(roles({ a2 })));
    assert.equal(judged.verdict, 'passed', judged.reason);
    assert.equal(judged.injections[0]?.brokerRtoSeconds, 0.1);
  });

  test('the death of a slave: there was a master all the time', () => {
    const died = roles({
      a1: [[0, 'master']],
      a2: [
        [0, 'slave'],
        [FAULT + 200, 'down'],
        [HEAL + 500, 'slave'],
      ],
    });
    const judged = judge(anEvidence({ ...died, injections: [aStop({ targets: ['a2'] })] }));
    assert.equal(judged.verdict, 'passed', judged.reason);
    assert.equal(judged.injections[0]?.brokerRtoSeconds, 0);
  });

  test('a host that recorded nothing while it was dead', () => {
    const samples = samplesOf(goodRoles()).filter(
      ({ host, at }) => host !== 'h1' || at <= BEGIN + FAULT || at >= BEGIN + WHOLE,
    );
    const judged = judge(anEvidence({ samples }));
    assert.equal(judged.verdict, 'passed', judged.reason);
    assert.equal(judged.injections[0]?.brokerRtoSeconds, 1.4);
    assert.equal(judged.injections[0]?.redundancyBackSeconds, 2);
  });

  test('a drill that breaks nothing', () => {
    const scenario = aScenario({ target: { role: 'none' }, fault: { kind: 'none', holdSeconds: 10 }, expect: {} });
    const judged = judge(
      anEvidence({ scenario, injections: [], ...roles({ a1: [[0, 'master']], a2: [[0, 'slave']] }) }),
    );
    assert.equal(judged.verdict, 'passed', judged.reason);
  });
});

test('of several faults each is measured by itself, and the slowest is judged', () => {
  const second = aStop({ targets: ['a2'], injectedAt: BEGIN + 18_000, healedAt: BEGIN + 19_000 });
  const twice = roles({
    a1: [
      [0, 'master'],
      [FAULT, 'down'],
      [WHOLE, 'slave'],
      [20_500, 'master'],
    ],
    a2: [
      [0, 'slave'],
      [TAKEOVER, 'master'],
      [18_100, 'down'],
      [20_000, 'slave'],
    ],
  });
  const judged = judge(anEvidence({ ...twice, injections: [aStop(), second] }));
  assert.deepEqual(
    judged.injections.map((one) => [one.brokerRtoSeconds, one.redundancyBackSeconds]),
    [
      [1.4, 2],
      [2.5, 1.5],
    ],
  );
  assert.equal(judged.hypotheses.find(({ name }) => name === 'brokerRtoSeconds')?.measured, 2.5);
});

test('the order of samples does not matter, and no planted loss ever passes', () => {
  fc.assert(
    fc.property(
      fc.shuffledSubarray([...anEvidence().samples], { minLength: anEvidence().samples.length }),
      (samples) => {
        assert.deepEqual(judge(anEvidence({ samples })), judge(anEvidence()));
      },
    ),
    { numRuns: 20 },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1000 }),
      fc.constantFrom('lost' as const, 'unexpected' as const),
      fc.option(fc.constant('a guard'), { nil: null }),
      fc.boolean(),
      (count, name, aborted, healed) => {
        const judged = judge(anEvidence({ ...counts({ [name]: count }), aborted, healed }));
        assert.equal(judged.verdict, 'failed');
        assert.ok(judged.reason.includes(name));
      },
    ),
  );
});

test('no arbitrary behaviour of the nodes passes with a group that ends without a master', () => {
  const role = fc.constantFrom('master' as const, 'slave' as const, 'recovering' as const, 'down' as const);
  const lane = fc.array(fc.tuple(fc.integer({ min: 1, max: END - 1 }), role), { maxLength: 6 });
  fc.assert(
    fc.property(lane, lane, (one, other) => {
      const sorted = (changes: typeof one): typeof one => changes.sort(([a], [b]) => a - b);
      const ends = roles({
        a1: [[0, 'master'], ...sorted(one), [END, 'slave']],
        a2: [[0, 'slave'], ...sorted(other), [END, 'slave']],
      });
      assert.notEqual(judge(anEvidence(ends)).verdict, 'passed');
    }),
  );
});
