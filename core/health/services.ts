/** Whether the databases that the topology asks for run and let in whom they should. Pure. */
import type { Check } from '../contract.js';
import { engineOf, placeDatabase } from '../databases/index.js';
import type { Known } from '../plan/known.js';
import { serviceSeen } from '../plan/services.js';
import { databasesOf, type Database } from '../topology/topology.js';
import { failed, passed } from './fault.js';

export const serviceCheckName = ({ name, host }: Database): string => `database ${name} on ${host}`;

export const serviceChecks = (known: Known, unseen: Record<string, string>): Check[] =>
  databasesOf(known.topology).map((database) => {
    const check = serviceCheckName(database);
    const { name, host } = database;
    if (known.observed[host]?.inside === undefined) {
      const why = unseen[host] ?? 'the host is down';
      return failed(
        check,
        unseen[host] === undefined ? 'DatabaseDown' : 'HostUnseen',
        `could not look at ${name}: ${why}`,
      );
    }
    const seen = serviceSeen(known, database);
    if (seen === undefined) return failed(check, 'DatabaseDown', `${host} knows no database ${name}`);
    if (!seen.process.alive)
      return failed(check, 'DatabaseDown', `${name} does not run (it is meant to be ${seen.desired})`);
    if (seen.process.state === 'T')
      return failed(check, 'NodeFrozen', `process ${seen.process.pid} of ${name} is stopped (SIGSTOP)`);
    const { port } = placeDatabase(known.topology, database);
    if (!seen.listening.includes(port))
      return failed(check, 'NotReady', `${name} runs, but does not listen on ${port}`);
    return passed(check, `${engineOf(database).title}: process ${seen.process.pid}, port ${port} open`);
  });
