import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { parseFaultRecord } from '../../../core/drills/fault-record.js';
import { networkRules, ruleProblems, type NetworkFault } from '../../../core/drills/network-rules.js';

const drop = (changes: Partial<Extract<NetworkFault, { kind: 'drop' }>> = {}): NetworkFault => ({
  by: 'network',
  kind: 'drop',
  addresses: ['10.0.0.7'],
  except: false,
  ports: [],
  holdSeconds: 30,
  ...changes,
});
const impair = (delayMs: number, lossPercent: number): NetworkFault => ({
  by: 'network',
  kind: 'impair',
  delayMs,
  lossPercent,
  holdSeconds: 30,
});
const rules = (fault: NetworkFault, keepPort?: number): string =>
  networkRules({ table: 'everbroker-f1', fault, keepPort });
const lines = (text: string): string[] => text.split('\n').map((line) => line.trim());

describe('the rules of a network fault', () => {
  test('drop both directions of one address, and of nobody else', () => {
    const text = rules(drop());
    assert.match(text, /^table inet everbroker-f1 \{/);
    assert.ok(lines(text).includes('ip saddr @peers4 drop'));
    assert.ok(lines(text).includes('ip daddr @peers4 drop'));
    assert.ok(!text.includes('ip6'));
  });

  test('name whom they hit only in elements that the kernel forgets when the hold is over', () => {
    for (const fault of [drop(), drop({ except: true }), impair(0, 20)]) {
      const hits = lines(rules(fault)).filter((line) => line.endsWith('drop'));
      assert.ok(hits.length > 0);
      assert.ok(
        hits.every((line) => /@peers[46] /.test(line)),
        hits.join('\n'),
      );
      const elements = [...rules(fault).matchAll(/elements = \{ (.*) \}/g)].map(([, all = '']) => all.split(', '));
      assert.ok(elements.flat().every((element) => element.endsWith(' timeout 30s')));
    }
    assert.match(rules(drop({ holdSeconds: 0.2 })), /timeout 1s/);
  });

  test('hit only what the host itself asks for, on itself too when it is named', () => {
    const text = rules(drop({ ports: [2181], asksOnly: true }));
    assert.deepEqual(
      lines(text).filter((line) => line.endsWith('drop')),
      ['ip saddr @peers4 tcp sport { 2181 } drop', 'ip daddr @peers4 tcp dport { 2181 } drop'],
    );
    assert.ok(!text.includes('"lo"'));
  });

  test('leave the traffic with itself alone where all but some are dropped', () => {
    assert.deepEqual(
      lines(rules(drop({ except: true }))).filter((line) => line.includes('"lo"')),
      ['iifname "lo" accept', 'oifname "lo" accept'],
    );
  });

  test('accept the excepted before everybody, of IPv6 too, is dropped', () => {
    const text = lines(rules(drop({ except: true, addresses: ['10.0.0.7', '10.1.0.0/16'] })));
    assert.ok(text.indexOf('ip saddr { 10.0.0.7, 10.1.0.0/16 } accept') < text.indexOf('ip saddr @peers4 drop'));
    assert.ok(text.includes('elements = { 0.0.0.0/0 timeout 30s }'));
    assert.ok(text.includes('ip6 daddr @peers6 drop'));
  });

  test('hit a port at this end and at the other, and other ports not', () => {
    const hits = lines(rules(drop({ ports: [61616, 61617, 61616] }))).filter((line) => line.endsWith('drop'));
    assert.deepEqual(hits, [
      'ip saddr @peers4 tcp dport { 61616, 61617 } drop',
      'ip saddr @peers4 tcp sport { 61616, 61617 } drop',
      'ip daddr @peers4 tcp sport { 61616, 61617 } drop',
      'ip daddr @peers4 tcp dport { 61616, 61617 } drop',
    ]);
  });

  test('keep the port open by which Everbroker comes in, before anything is dropped', () => {
    const text = lines(rules(drop({ except: true, addresses: [] }), 2222));
    assert.ok(text.includes('tcp dport 2222 accept') && text.includes('tcp sport 2222 accept'));
    assert.ok(text.indexOf('tcp dport 2222 accept') < text.indexOf('ip saddr @peers4 drop'));
  });

  test('name no address twice and none that lies in a network, because such intervals are refused', () => {
    const addresses = ['10.0.0.7', '10.0.0.0/24', '10.0.0.7', '10.0.1.1', '10.0.0.0/24'];
    assert.match(rules(drop({ addresses })), /elements = \{ 10\.0\.0\.0\/24 timeout 30s, 10\.0\.1\.1 timeout 30s \}/);
  });

  test('lose a share of the packets by chance, all of them without it, and none where only time is lost', () => {
    assert.match(rules(impair(0, 12.5)), /@peers4 numgen random mod 10000 < 1250 drop/);
    assert.match(rules(impair(0, 100)), /@peers4 drop/);
    assert.equal(rules(impair(50, 0)), '');
  });
});

describe('a network fault', () => {
  test('that rules can express has no problems', () => {
    assert.deepEqual([drop(), drop({ except: true, addresses: [] }), impair(50, 10)].flatMap(ruleProblems), []);
  });

  test('of names, of nobody, or of no effect is told with every problem', () => {
    const problems = ruleProblems(drop({ addresses: ['broker.example', '10.0.0.256', '10.0.0.0/33', '10.0.0.7'] }));
    assert.equal(problems.length, 3, problems.join('\n'));
    assert.match(problems[0] ?? '', /^broker\.example is no IPv4 address/);
    assert.match(ruleProblems(drop({ addresses: [] })).join(), /nobody is named/);
    assert.match(ruleProblems(impair(0, 0)).join(), /neither late nor lost/);
    assert.match(ruleProblems(impair(0, 101)).join(), /101 %/);
  });
});

describe('the record of a fault', () => {
  test('tells when it was in force and who healed it', () => {
    assert.deepEqual(parseFaultRecord('in-force 1700000000123 \nhealed 1700000030456 timer\n'), {
      inForceAt: 1700000000123,
      healed: { at: 1700000030456, by: 'timer' },
      impossible: null,
    });
    assert.equal(parseFaultRecord('in-force 1 \nhealed 2 told\n').healed?.by, 'told');
  });

  test('tells why it could not be done', () => {
    const { inForceAt, impossible } = parseFaultRecord('impossible 1700000000123 Error: no such thing\n');
    assert.deepEqual([inForceAt, impossible], [null, 'Error: no such thing']);
  });

  test('of a timer that has not got so far, or was cut, says nothing', () => {
    assert.deepEqual(parseFaultRecord('in-fo'), { inForceAt: null, healed: null, impossible: null });
  });
});
