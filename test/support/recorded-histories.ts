/** Which histories are kept for replay: one of each workflow, and deployments that took different ways. */
import type { History } from '@temporalio/common/lib/proto-utils.js';
import { holderWorkflowId } from '../../core/naming.js';
import { fault } from './fake-cluster.js';
import { Scene, waitingFor } from './workflow-env.js';

/** Fixed names, so that a new recording differs from the old one by what has changed, not by where it was made. */
const NAMES = { name: 'recorded', taskQueue: 'everbroker', identity: 'worker' };

/** A fault that is held, so that it is watched too. */
const SCENARIO = {
  version: 1,
  name: 'freeze-master',
  target: { role: 'master' },
  fault: { kind: 'freeze', holdSeconds: 1 },
  load: { flows: [{}], warmUpSeconds: 0.1, afterSeconds: 0.1 },
};

/** Runs each operation once with a real server and gives its history by name. */
export async function recordHistories(): Promise<Record<string, History>> {
  const scene = await Scene.make({ ...NAMES, hosts: 2 });
  const worker = await scene.worker();
  return worker.runUntil(async () => {
    const historyOf = (workflowId: string): Promise<History> =>
      scene.client.workflow.getHandle(workflowId).fetchHistory();
    const finished = async (handle: { workflowId: string; result(): Promise<unknown> }): Promise<History> => {
      await handle.result();
      return historyOf(handle.workflowId);
    };
    const planFresh = await finished(await scene.start('planCluster', {}, 'plan-fresh'));
    const deployFresh = await finished(await scene.start('deployCluster', {}, 'deploy-fresh'));
    const hold = await historyOf(holderWorkflowId(scene.topology.name));
    const deployUnchanged = await finished(await scene.start('deployCluster', {}, 'deploy-unchanged'));
    const verify = await finished(await scene.start('verifyCluster', {}, 'verify'));
    const status = await finished(await scene.start('statusCluster', {}, 'status'));
    const drill = await finished(await scene.start('runDrill', { scenario: SCENARIO, startedBy: 'test' }, 'drill'));

    scene.fake.version = 'v2';
    scene.fake.stopContainer('h2');
    scene.fake.fail('startNode/n2', fault('port 61002 is taken'));
    const failing = await scene.start('deployCluster', { onFailure: 'wait' }, 'deploy-failing');
    await waitingFor(failing, 'startNode/n2');
    await failing.executeUpdate('retryStep', { args: [{ step: 'startNode/n2' }] });
    const deployFailing = await finished(failing);
    const destroy = await finished(
      await scene.start('destroyCluster', { deleteData: true, confirm: scene.topology.name }, 'destroy'),
    );
    return {
      'plan-fresh': planFresh,
      'deploy-fresh': deployFresh,
      hold,
      'deploy-unchanged': deployUnchanged,
      verify,
      status,
      drill,
      'deploy-failing': deployFailing,
      destroy,
    };
  });
}
