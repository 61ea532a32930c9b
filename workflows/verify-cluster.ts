/** Proves a cluster: roles by independent signals, configuration as wanted, bridges by their brokers' word and by messages. */
import { isCancellation, workflowInfo } from '@temporalio/workflow';
import type { Check, NodeResult, StatusInput, StatusOutput, VerifyInput, VerifyOutput } from '../core/contract.js';
import { connectedBridges, judgeBridges } from '../core/health/bridges.js';
import { unproven } from '../core/health/proof.js';
import { clientUrls, nodeResults } from '../core/health/results.js';
import { judgeGroup } from '../core/health/roles.js';
import { complete, roleCheckNames, verifyCheckNames } from '../core/health/verdict.js';
import { brokerHosts, firstHost, groupNames, hostNames, type Topology } from '../core/topology/topology.js';
import { activities } from './calls.js';
import { failureText } from './failure-text.js';
import { observeEach, placeNetworks, readEach, resolve } from './look.js';
import { Operation } from './operation.js';
import { proof, slowInstall } from './profiles.js';
import { recorded } from './recorded.js';
import { tell } from './tell.js';

export async function verifyCluster(input: VerifyInput): Promise<VerifyOutput> {
  const operation = new Operation('verify');
  const startedAt = Date.now();
  return recorded(operation, async (record) => {
    const { topology: wanted, topologyHash, options } = await resolve('verifyCluster', input);
    record.cluster(wanted.name);
    operation.begin(wanted.name, { onFailure: 'fail', waitAtMostMinutes: 0 });
    const { topology } = await placeNetworks(wanted);

    operation.phase('looking at nodes and configuration');
    const [roles, drift] = await Promise.all([readRoles(topology), readDrift(topology)]);
    operation.nodes(roles.nodes);
    operation.phase('sending messages');
    const messages = options.messages
      ? await sendMessages(topology, drift.looked, connectedBridges(topology, roles.checks))
      : [];

    const checks = complete([...roles.checks, ...drift.checks, ...messages], verifyCheckNames(topology, options));
    const verdict = checks.every((check) => check.ok) ? 'passed' : 'failed';
    record.verdict(verdict);
    operation.phase(verdict);
    if (options.notify && verdict === 'failed') {
      const { workflowId } = workflowInfo();
      const failed = checks.filter((check) => !check.ok);
      await tell(topology, { event: 'verification', cluster: topology.name, verdict, workflowId, failed });
    }
    return {
      verdict,
      cluster: topology.name,
      topologyHash,
      nodes: roles.nodes,
      clientUrls: clientUrls(topology),
      checks,
      durationMs: Date.now() - startedAt,
    };
  });
}

/** Roles and bridges without messages: cheap enough to follow live. */
export async function statusCluster(input: StatusInput): Promise<StatusOutput> {
  const operation = new Operation('status');
  return recorded(operation, async (record) => {
    const { topology: wanted, topologyHash } = await resolve('statusCluster', input);
    record.cluster(wanted.name);
    const { topology } = await placeNetworks(wanted);
    const roles = await readRoles(topology);
    const checks = complete(roles.checks, roleCheckNames(topology));
    const healthy = checks.every((check) => check.ok);
    record.verdict(healthy ? 'healthy' : 'unhealthy');
    operation.nodes(roles.nodes);
    return {
      healthy,
      cluster: topology.name,
      topologyHash,
      nodes: roles.nodes,
      clientUrls: clientUrls(topology),
      checks,
    };
  });
}

async function readRoles(topology: Topology): Promise<{ nodes: NodeResult[]; checks: Check[] }> {
  const looks = await readEach(topology);
  return {
    nodes: nodeResults(topology, looks.readings),
    checks: [
      ...groupNames(topology).flatMap((group) => judgeGroup(topology, group, looks).checks),
      ...judgeBridges(topology, looks.readings),
    ],
  };
}

/** What differs from the topology, and the hosts that could be looked into. */
async function readDrift(topology: Topology): Promise<{ checks: Check[]; looked: string[] }> {
  const { observed, unseen } = await observeEach(topology);
  const call = activities({ summary: 'compare with the topology', profile: slowInstall });
  const { checks } = await call.compareHosts({ topology, observed, unseen });
  return { checks, looked: hostNames(topology).filter((host) => observed[host]?.inside !== undefined) };
}

/** From a host that answers: that another is gone must not hide which messages still pass. */
async function sendMessages(topology: Topology, looked: readonly string[], connected: string[]): Promise<Check[]> {
  const host = brokerHosts(topology).find((name) => looked.includes(name)) ?? firstHost(topology);
  const call = activities({
    summary: 'messages through every group and bridge',
    profile: proof,
    on: { topology, host },
  });
  try {
    return (await call.proveMessages({ topology, host, token: null, insist: false, connected })).checks;
  } catch (error) {
    if (isCancellation(error)) throw error;
    return unproven(topology, 'HostUnseen', `no probe could run on ${host}: ${failureText(error)}`);
  }
}
