/** What ZooKeeper knows of the nodes of a group says of the group: who was elected, and who takes part. Pure. */
import type { Check } from '../contract.js';
import type { Election } from '../stores/store-kind.js';
import { nodesOfGroup, type Topology } from '../topology/topology.js';
import { failed, passed } from './fault.js';
import type { Member, StoreReading } from './store-reading.js';

/**
 * Exactly one must be elected, and be the master that serves; every node must be registered, for one that is not holds no
 * copy of what is stored now.
 */
export function judgeElection(
  name: string,
  { topology, group, election }: { topology: Topology; group: string; election: Election },
  { readings, master }: { readings: readonly StoreReading[]; master: string | null },
): Check {
  const reading = readings.find((one) => 'detail' in one) ?? readings[0];
  if (reading === undefined) return failed(name, 'HostUnseen', `nobody could ask ZooKeeper who is elected in ${group}`);
  if ('detail' in reading)
    return failed(name, 'StoreUnreachable', `ZooKeeper cannot be asked for ${group}: ${reading.detail}`);
  if (reading.state !== 'registered')
    return failed(name, 'StoreUnreachable', `what answers for ${group} is no ZooKeeper`);

  const { members } = reading;
  const nodes = nodesOfGroup(topology, group);
  const numbers = new Set(members.flatMap(({ elected: number }) => number ?? []));
  const elected = members.filter(({ id }) => [...numbers].some((number) => id.endsWith(number)));
  const serves = master === null ? 'and nobody serves' : `but ${master} serves`;
  const registered = `${members.length} of ${nodes.length} nodes of ${group} are registered in ZooKeeper`;
  const [one] = elected;
  if (one === undefined)
    return failed(name, 'NobodyElected', `nobody is elected in ${group}, ${serves}; ${registered}`);
  const named = (member: Member) =>
    nodes.find((node) => election.address(node.name) === member.address)?.name ??
    (member.address === null ? 'one that has not started' : `${member.address}, which is none of its nodes`);
  const who = elected.map(named).join(' and ');
  if (elected.length > 1 || who !== master)
    return failed(name, 'ElectedElsewhere', `ZooKeeper says that ${who} is elected in ${group}, ${serves}`);
  if (members.length !== nodes.length)
    return failed(name, 'ReplicaMissing', `${registered}: what is stored has fewer copies than it should`);
  return passed(name, `${who} is elected, ${registered}`);
}
