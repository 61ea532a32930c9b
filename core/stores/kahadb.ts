/** KahaDB in a directory that the nodes of a group share; a lock on a file in it decides the master. */
import { element } from '../activemq/xml.js';
import type { StoreKind, StoreOf } from './store-kind.js';

export const kahadb: StoreKind<StoreOf<'kahadb'>> = {
  kind: 'kahadb',
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
};
