/** Proves a cluster: roles by independent signals, configuration as wanted, bridges by messages in each direction. */
import type { Check, StatusInput, StatusOutput, VerifyInput, VerifyOutput } from '../core/contract.js';
import { driftChecks } from '../core/health/drift.js';
import { clientUrls, nodeResults } from '../core/health/results.js';
import { judgeGroup } from '../core/health/roles.js';
import { firstHost, groupNames, type Topology } from '../core/topology/topology.js';
import { activities } from './calls.js';
import { observeHosts, placeNetworks, readGroup, resolve } from './look.js';
import { Operation } from './operation.js';
import { proof, slowInstall } from './profiles.js';
import { recorded } from './recorded.js';

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
    const messages = options.messages ? await sendMessages(topology) : [];

    const checks = [...roles.checks, ...drift, ...messages];
    const verdict = checks.every((check) => check.ok) ? 'passed' : 'failed';
    record.verdict(verdict);
    operation.phase(verdict);
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

/** Roles and configuration without messages: cheap enough to follow live. */
export async function statusCluster(input: StatusInput): Promise<StatusOutput> {
  const operation = new Operation('status');
  return recorded(operation, async (record) => {
    const { topology: wanted, topologyHash } = await resolve('statusCluster', input);
    record.cluster(wanted.name);
    const { topology } = await placeNetworks(wanted);
    const { nodes, checks } = await readRoles(topology);
    const healthy = checks.every((check) => check.ok);
    record.verdict(healthy ? 'healthy' : 'unhealthy');
    operation.nodes(nodes);
    return { healthy, cluster: topology.name, topologyHash, nodes, clientUrls: clientUrls(topology), checks };
  });
}

async function readRoles(topology: Topology): Promise<{ nodes: VerifyOutput['nodes']; checks: Check[] }> {
  const groups = await Promise.all(
    groupNames(topology).map(async (group) => ({ group, readings: await readGroup(topology, group) })),
  );
  return {
    nodes: nodeResults(
      topology,
      groups.flatMap(({ readings }) => readings),
    ),
    checks: groups.flatMap(({ group, readings }) => judgeGroup(topology, group, readings).checks),
  };
}

async function readDrift(topology: Topology): Promise<Check[]> {
  const observed = await observeHosts(topology);
  const call = activities({ summary: 'compare with the topology', profile: slowInstall });
  const { plan } = await call.planSteps({ topology, observed });
  return driftChecks(topology, plan);
}

async function sendMessages(topology: Topology): Promise<Check[]> {
  const host = firstHost(topology);
  const call = activities({
    summary: 'messages through every group and bridge',
    profile: proof,
    on: { topology, host },
  });
  return (await call.proveMessages({ topology, host, token: null, insist: false })).checks;
}
