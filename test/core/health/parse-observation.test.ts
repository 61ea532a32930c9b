import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { EverbrokerError } from '../../../core/failure.js';
import { parseNodeLine, parseObservation } from '../../../core/health/parse-observation.js';

const NODE =
  'node name=mq1 desired=up pid=42 state=S uptime=1500 launched=aa current=bb listening=61616,8161 role=master lock=held writable=1 credentials=3 starts=2';
const OUTPUT = [
  'clock 1700000000123',
  'running 1',
  'architecture x86_64',
  'owner run-1',
  'java /usr/lib/jvm/java-17|openjdk version "17.0.11" 2024-04-16 OpenJDK 64-Bit Server VM (build 17.0.11+9)',
  'home apache-activemq-5.18.3',
  'user 1',
  `${NODE} line= INFO | Apache ActiveMQ 5.18.3 (brokerA, ID:h-1) started | a=b line=c`,
  'agent cc',
  'file cc /var/lib/everbroker/agent.sh',
  'end',
  '',
].join('\n');

const isUnusable = (error: unknown): boolean => error instanceof EverbrokerError && error.type === 'CommandFailed';

describe('an observation', () => {
  test('is read from what the agent prints', () => {
    const { clock, inside } = parseObservation(OUTPUT);
    assert.equal(clock, 1700000000123);
    assert.deepEqual(inside.files, { '/var/lib/everbroker/agent.sh': 'cc' });
    assert.deepEqual([inside.java?.major, inside.java?.path], [17, '/usr/lib/jvm/java-17']);
    assert.deepEqual(inside.nodes, [
      {
        name: 'mq1',
        desired: 'up',
        process: { alive: true, pid: 42, state: 'S', uptimeMs: 1500 },
        launchedWith: 'aa',
        currentFingerprint: 'bb',
        listening: [61616, 8161],
        log: { role: 'master', line: ' INFO | Apache ActiveMQ 5.18.3 (brokerA, ID:h-1) started | a=b line=c' },
        lock: 'held',
        storeWritable: true,
        credentialsVersion: 3,
        starts: 2,
      },
    ]);
  });

  test('that was cut anywhere before its end is an error', () => {
    const whole = OUTPUT.indexOf('\nend\n') + '\nend'.length;
    fc.assert(
      fc.property(fc.nat(whole - 1), (length) => {
        assert.throws(() => parseObservation(OUTPUT.slice(0, length)), isUnusable);
      }),
    );
  });

  test('may hold lines that are not known, which change nothing', () => {
    const line = fc
      .string()
      .filter(
        (text) =>
          !text.includes('\n') &&
          !/^(clock|running|architecture|owner|public-key|java|home|class-data|probe|manifest|secrets-version|user|file|agent|node|end)( |$)/.test(
            text,
          ),
      );
    fc.assert(
      fc.property(line, (unknown) => {
        assert.deepEqual(parseObservation(`${unknown}\n${OUTPUT}`), parseObservation(OUTPUT));
      }),
    );
  });

  test('has null for what the host does not have', () => {
    const { inside } = parseObservation('clock 1\nend\n');
    assert.deepEqual([inside.java, inside.owner, inside.agentHash, inside.agentRunning], [null, null, null, false]);
  });

  test('knows the major version also of Java 8, and none of a Java that does not answer', () => {
    const major = (version: string) => parseObservation(`clock 1\njava /j|${version}\nend\n`).inside.java?.major;
    assert.equal(major('openjdk version "1.8.0_402" x'), 8);
    assert.equal(major('java version "21" 2023-09-19'), 21);
    assert.equal(major('Error: could not find libjava.so'), undefined);
  });

  test('with a clock or a node that cannot be read is an error', () => {
    assert.throws(() => parseObservation('clock soon\nend\n'), isUnusable);
    assert.throws(() => parseObservation('end\n'), isUnusable);
    assert.throws(() => parseNodeLine(`${NODE.replace('lock=held', 'lock=maybe')} line=`), isUnusable);
    assert.throws(() => parseNodeLine(`${NODE.replace('8161', 'x')} line=`), isUnusable);
    assert.throws(() => parseNodeLine('a last line of a log\n'), isUnusable);
  });

  test('of a node that does not run has no pid', () => {
    const node = parseNodeLine(
      'node name=mq2 desired=unknown listening= role=none lock=free writable=0 credentials=0 starts=0 line=\n',
    );
    assert.deepEqual([node.process, node.listening, node.log], [{ alive: false }, [], { role: 'none' }]);
  });
});
