/** Who may log in on a broker and what they may do: the two security plugins of activemq.xml. */
import { PROBE_QUEUE_PREFIX } from '../naming.js';
import type { Topology } from '../topology/topology.js';
import { element, type Element } from './xml.js';

/**
 * ActiveMQ joins the rights of all entries that match a destination, so a wide entry cannot be narrowed by another:
 * clients, who may use every queue, may use the probe's as well. The probe's user gets its own queues and nothing else.
 */
const EVERYTHING = 'system,bridges,clients';
const WITH_PROBES = 'system,bridges,clients,probes';

const rights = (read: string, others: string = read) => ({ read, write: others, admin: others });

/** The plugins element: authentication by the names in credentials.properties, then authorization by group. */
export const accessPlugins = (topology: Topology): Element =>
  element('plugins', {}, [authentication(topology.security.openwireLogin), authorization()]);

function authentication(loginRequired: boolean): Element {
  const anonymous = loginRequired
    ? { anonymousAccessAllowed: false }
    : { anonymousAccessAllowed: true, anonymousUser: 'anonymous', anonymousGroup: 'clients' };
  const user = (name: string, key: string, groups: string) =>
    element('authenticationUser', { username: `\${${name}}`, password: `\${${key}}`, groups });
  return element('simpleAuthenticationPlugin', anonymous, [
    element('users', {}, [
      user('activemq.username', 'activemq.password', 'system'),
      user('bridge.user', 'bridge.password', 'bridges'),
      user('client.user', 'client.password', 'clients'),
      user('probe.user', 'probe.password', 'probes'),
    ]),
  ]);
}

function authorization(): Element {
  const entries = [
    element('authorizationEntry', { queue: '>', ...rights(EVERYTHING) }),
    element('authorizationEntry', { topic: '>', ...rights(EVERYTHING) }),
    element('authorizationEntry', { queue: `${PROBE_QUEUE_PREFIX}>`, ...rights(WITH_PROBES) }),
    // whoever makes a destination or connects must be able to make the advisory topics about it; probes cannot read them
    element('authorizationEntry', { topic: 'ActiveMQ.Advisory.>', ...rights(EVERYTHING, WITH_PROBES) }),
  ];
  const temporary = element('tempDestinationAuthorizationEntry', rights(EVERYTHING));
  return element('authorizationPlugin', {}, [
    element('map', {}, [
      element('authorizationMap', {}, [
        element('authorizationEntries', {}, entries),
        element('tempDestinationAuthorizationEntry', {}, [temporary]),
      ]),
    ]),
  ]);
}
