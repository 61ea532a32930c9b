import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Deps } from '../../activities/deps.js';
import { agentFaults, problemsOfAgent } from '../../activities/faults/agent.js';
import type { FaultBy, FaultInput } from '../../activities/faults/fault-doer.js';
import { EverbrokerError } from '../../core/failure.js';
import type { CommandResult, Host } from '../../hosts/host.js';

const { signal } = new AbortController();
const input = {
  host: 'h1',
  token: 'mine',
  id: 'f1',
  fault: { by: 'agent', kind: 'freeze', node: 'mq1', holdSeconds: 1.5 },
} as FaultInput<FaultBy<'agent'>>;

/** A host whose agent answers so, and what it was asked. */
function answering(answer: Partial<CommandResult>): { deps: Deps; asked: string[] } {
  const asked: string[] = [];
  const host = {
    name: 'h1',
    exec: (argv: readonly string[]) => {
      asked.push(argv.join(' '));
      return Promise.resolve({
        host: 'h1',
        argv,
        exitCode: 0,
        stdout: '',
        stderr: '',
        durationMs: 1,
        timedOut: false,
        truncated: false,
        ...answer,
      });
    },
  } as unknown as Host;
  return { deps: { openHost: () => Promise.resolve(host) } as unknown as Deps, asked };
}
const AGENT = 'sh /var/lib/everbroker/agent.sh';

describe('a fault that the agent does', () => {
  test('is injected behind the guard of the host, with its time in ms', async () => {
    const { deps, asked } = answering({ stdout: 'injected 1795641736326 freeze mq1: pid 7\n' });
    assert.deepEqual(await agentFaults.inject(deps, input, signal), { at: 1795641736326, detail: 'freeze mq1: pid 7' });
    assert.deepEqual(asked, [`${AGENT} guard mine -- ${AGENT} fault inject f1 freeze mq1 1500`]);
  });

  test('is healed whoever owns the host, and by whom is told', async () => {
    for (const [word, by] of [
      ['drill', 'drill'],
      ['timer', 'dead-man timer'],
      ['itself', 'by itself'],
    ] as const) {
      const { deps, asked } = answering({ stdout: `healed 1795641736326 ${word} \n` });
      assert.deepEqual(await agentFaults.heal(deps, input, signal), { healed: true, by, detail: '' });
      assert.deepEqual(asked, [`${AGENT} fault heal f1`]);
    }
  });

  test('is looked for', async () => {
    const { deps } = answering({ stdout: 'fault present=0 expired=1 freeze mq1: process 7 is in state S\n' });
    assert.deepEqual(await agentFaults.look(deps, input, signal), {
      present: false,
      expired: true,
      detail: 'freeze mq1: process 7 is in state S',
    });
  });

  const failing = async (answer: Partial<CommandResult>): Promise<unknown> =>
    agentFaults.inject(answering(answer).deps, input, signal).then(
      () => 'no error',
      (error: unknown) => (error instanceof EverbrokerError ? error.type : error),
    );

  test('that the agent refuses is never tried again; one that it could not do now is', async () => {
    assert.equal(await failing({ exitCode: 6, stderr: 'agent: another fault holds mq1\n' }), 'FaultImpossible');
    assert.equal(await failing({ exitCode: 3, stderr: 'agent: mq1 does not run\n' }), 'FaultImpossible');
    assert.equal(await failing({ exitCode: 5, stderr: 'agent: no agent runs\n' }), 'CommandFailed');
    assert.equal(await failing({ exitCode: 97 }), 'OwnershipLost');
    assert.equal(await failing({ exitCode: 137, timedOut: true }), 'CommandTimedOut');
    assert.match(String(await failing({ stdout: 'something else' })), /not an answer/);
  });

  test('is asked for before a drill begins: what the agent would refuse is a problem, what went wrong is none', async () => {
    const faults = [input.fault, { by: 'agent', kind: 'disk-full', node: 'mq1', holdSeconds: 1 }] as const;
    const problems = (answer: Partial<CommandResult>): Promise<string[]> =>
      problemsOfAgent(answering(answer).deps, { ...input, faults }, signal);
    const { deps, asked } = answering({ stdout: 'possible\n' });
    assert.deepEqual(await problemsOfAgent(deps, { ...input, faults }, signal), []);
    assert.deepEqual(asked, [`${AGENT} fault check freeze mq1`, `${AGENT} fault check disk-full mq1`]);
    const said = 'the store of mq1 is on the file system of /';
    const refused = { exitCode: 6, stderr: `agent: ${said}\n` };
    assert.deepEqual(await problems(refused), [`h1: ${said}`, `h1: ${said}`]);
    await assert.rejects(problems({ exitCode: 137, timedOut: true }), { type: 'CommandTimedOut' });
  });
});
