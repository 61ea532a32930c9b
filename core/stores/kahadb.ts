/** KahaDB in a directory that the nodes of a group share; a lock on a file in it decides the master. */
import { element } from '../activemq/xml.js';
import { storeVolume } from '../naming.js';
import { hostOf, hostsOfGroup } from '../topology/topology.js';
import type { StoreKind, StoreOf } from './store-kind.js';

export const kahadb: StoreKind<StoreOf<'kahadb'>> = {
  kind: 'kahadb',
  identity: ({ topology, group, spec }) => {
    const [first] = hostsOfGroup(topology, group);
    if (first === undefined) return null;
    const { kind, address } = hostOf(topology, first);
    // In containers the volume is the store, wherever it is mounted.
    if (kind === 'docker') return `kahadb:${storeVolume(topology.name, group)}`;
    return spec.shared ? `kahadb:${spec.directory}` : `kahadb:${address}:${spec.directory}`;
  },
  directory: (spec) => spec.directory,
  replica: () => null,
  ports: () => [],
  adapter: ({ spec }) =>
    element('kahaDB', { directory: spec.directory, lockKeepAlivePeriod: spec.lockKeepAliveMs }, [
      element('locker', {}, [element('shared-file-locker', { lockAcquireSleepInterval: spec.lockPollMs })]),
    ]),
  beans: () => [],
  drivers: () => [],
  javaFlags: [],
  login: () => null,
  waits: () => null,
  asked: false,
  startsTogether: true,
  lease: () => null,
  election: () => null,
  database: () => null,
  ensemble: () => null,
};
