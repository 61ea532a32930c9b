/** Whether the databases and the ensembles that the topology asks for run. Pure. */
import type { Check } from '../contract.js';
import { engineOf, portOf } from '../databases/engines.js';
import type { Known } from '../plan/known.js';
import { serviceSeen } from '../plan/services.js';
import { servicesOf, type Service } from '../topology/topology.js';
import { failed, passed } from './fault.js';

const isServer = ({ engine }: Service): boolean => engine === 'zookeeper';

export const serviceCheckName = (service: Service): string =>
  `${isServer(service) ? 'ensemble server' : 'database'} ${service.name} on ${service.host}`;

export const serviceChecks = (known: Known, unseen: Record<string, string>): Check[] =>
  servicesOf(known.topology).map((service) => {
    const check = serviceCheckName(service);
    const { name, host } = service;
    const fault = isServer(service) ? 'EnsembleServerDown' : 'DatabaseDown';
    if (known.observed[host]?.inside === undefined) {
      const why = unseen[host] ?? 'the host is down';
      return failed(check, unseen[host] === undefined ? fault : 'HostUnseen', `could not look at ${name}: ${why}`);
    }
    const seen = serviceSeen(known, service);
    const { title } = engineOf(service);
    if (seen === undefined) return failed(check, fault, `${host} knows no ${title} ${name}`);
    if (!seen.process.alive) return failed(check, fault, `${name} does not run (it is meant to be ${seen.desired})`);
    if (seen.process.state === 'T')
      return failed(check, 'NodeFrozen', `process ${seen.process.pid} of ${name} is stopped (SIGSTOP)`);
    const port = portOf(service);
    if (!seen.listening.includes(port))
      return failed(check, 'NotReady', `${name} runs, but does not listen on ${port}`);
    return passed(check, `${title}: process ${seen.process.pid}, port ${port} open`);
  });
