/** What the load's process on one host is asked to do. Pure; see probe/src/everbroker/probe/Load.java. */
import { PROBE_USER } from '../naming.js';
import { oneLine } from '../probe-request.js';
import type { PlacedFlow } from './place-load.js';

export interface LoadRequest {
  drill: string;
  host: string;
  flows: readonly PlacedFlow[];
  /** PEM file on the host with the authority of the brokers' certificates. */
  ca: string | null;
  atMostSeconds: number;
}

/** The password is not in it: its line is put before on the host. @throws RangeError for what cannot be one line. */
export function loadRequestText({ drill, host, flows, ca, atMostSeconds }: LoadRequest): string {
  const shared = [
    `run=${drill}`,
    `user=${PROBE_USER}`,
    `deadlineMs=${Math.ceil(atMostSeconds * 1000)}`,
    ...(ca === null ? [] : [`ca=${ca}`]),
  ];
  const here = flows.filter(({ producersOn, consumersOn }) => producersOn === host || consumersOn === host);
  const sections = here.flatMap((flow) => [
    'task=flow',
    `name=${flow.flow}`,
    `queue=${flow.queue}`,
    ...(flow.producersOn === host ? [`from=${flow.fromUrl}`] : []),
    ...(flow.consumersOn === host ? [`to=${flow.toUrl}`] : []),
    `perSecond=${plain(flow.perSecond)}`,
    `size=${flow.sizeBytes}`,
    `producers=${flow.producers}`,
    `consumers=${flow.consumers}`,
    `transaction=${flow.transactionSize}`,
  ]);
  return [...shared, ...sections, ''].map(oneLine).join('\n');
}

/** Without an exponent. */
const plain = (value: number): string => value.toFixed(6).replace(/\.?0+$/, '');
