/** What Jolokia says of a broker: the paths to ask, and strict reading of the answers. Pure. */
import { z } from 'zod';

/** One live bridge of the broker, as its MBean tells. */
export interface BridgeReading {
  /** `networkConnectors` of the side that dials, `duplexNetworkConnectors` of the side that was dialled. */
  kind: 'networkConnectors' | 'duplexNetworkConnectors';
  connector: string;
  remoteBroker: string | null;
  remoteAddress: string | null;
  createdByDuplex: boolean;
  enqueued: number;
  dequeued: number;
}

/** Facts of a broker that answered. The name is the broker's own, not the expected one. */
export interface BrokerFacts {
  brokerName: string;
  version: string;
  /** The broker's own word; a waiting slave has no console, so over HTTP it is only ever false. */
  isSlave: boolean;
  uptimeMs: number;
  /** `Good`, or what the broker's health bean complains of; null when it has no such bean. */
  status: string | null;
  storePercentUsage: number;
  /** Connectors by name, e.g. openwire. */
  connectors: Record<string, string>;
  bridges: BridgeReading[];
}

/**
 * What a look at a broker's console port gave. A slave has no open console, so `refused` is its normal state; `timeout`
 * is a frozen or overloaded JVM; `unexpected` is a server that answers otherwise than a broker that serves.
 */
export type BrokerReading =
  | { state: 'answered'; broker: BrokerFacts }
  | { state: 'refused'; detail: string }
  | { state: 'unauthorized' }
  | { state: 'timeout' }
  | { state: 'unexpected'; httpStatus: number | null; detail: string };

/** An answer, or why there is none. The HTTP status is 200 also for Jolokia's errors. */
export type JolokiaAnswer<T> = { ok: true; value: T } | { ok: false; status: number; error: string };

const DOMAIN = 'org.apache.activemq:type=Broker,brokerName=*';
const BROKER = ['BrokerName', 'BrokerVersion', 'Slave', 'UptimeMillis', 'StorePercentUsage', 'TransportConnectors'];
const BRIDGE = ['RemoteBrokerName', 'RemoteAddress', 'CreatedByDuplex', 'EnqueueCounter', 'DequeueCounter'];
// the name is a wildcard, so that a broker under a wrong name tells its name; ignoreErrors: versions lack attributes
const read = (bean: string, attributes: readonly string[]): string =>
  `/api/jolokia/read/${bean}/${attributes.join(',')}?ignoreErrors=true`;

/** Three reads tell all; one that matched everything would also list every queue. */
export const JOLOKIA_PATHS = {
  broker: read(DOMAIN, BROKER),
  health: read(`${DOMAIN},service=Health`, ['CurrentStatus']),
  bridges: read(`${DOMAIN},connector=*,networkConnectorName=*,networkBridge=*`, BRIDGE),
} as const;

const answer = z.object({ status: z.number(), value: z.unknown().optional(), error: z.string().optional() });
const brokerBean = z.object({
  BrokerName: z.string(),
  BrokerVersion: z.string(),
  Slave: z.boolean(),
  UptimeMillis: z.number(),
  StorePercentUsage: z.number(),
  TransportConnectors: z.record(z.string(), z.string()),
});
const healthBean = z.object({ CurrentStatus: z.string() });
const bridgeBean = z.object({
  RemoteBrokerName: z.string().nullish(),
  RemoteAddress: z.string().nullish(),
  CreatedByDuplex: z.boolean(),
  EnqueueCounter: z.number().default(0),
  DequeueCounter: z.number().default(0),
});

/** Reads the answer about the broker; exactly one broker must have answered. */
export function parseBroker(body: string): JolokiaAnswer<Omit<BrokerFacts, 'status' | 'bridges'>> {
  const beans = parseBeans(body, brokerBean);
  if (!beans.ok) return beans;
  const [first, ...others] = Object.values(beans.value);
  if (first === undefined || others.length > 0) return unexpected(`${Object.keys(beans.value).length} brokers answer`);
  return {
    ok: true,
    value: {
      brokerName: first.BrokerName,
      version: first.BrokerVersion,
      isSlave: first.Slave,
      uptimeMs: first.UptimeMillis,
      storePercentUsage: first.StorePercentUsage,
      connectors: first.TransportConnectors,
    },
  };
}

/** Reads the answer about the broker's health; null when it has no health bean. */
export function parseHealth(body: string): JolokiaAnswer<string | null> {
  const beans = parseBeans(body, healthBean);
  if (!beans.ok) return beans;
  return { ok: true, value: Object.values(beans.value)[0]?.CurrentStatus ?? null };
}

/** Reads the answer about bridges of both kinds; none is an empty list. */
export function parseBridges(body: string): JolokiaAnswer<BridgeReading[]> {
  const beans = parseBeans(body, bridgeBean);
  if (!beans.ok) return beans;
  const bridges: BridgeReading[] = [];
  for (const [name, bean] of Object.entries(beans.value)) {
    const keys = objectNameKeys(name);
    if (keys.connector !== 'networkConnectors' && keys.connector !== 'duplexNetworkConnectors')
      return unexpected(`a bridge of an unknown kind: ${name}`);
    bridges.push({
      kind: keys.connector,
      connector: keys.networkConnectorName ?? '',
      remoteBroker: bean.RemoteBrokerName ?? null,
      remoteAddress: bean.RemoteAddress ?? null,
      createdByDuplex: bean.CreatedByDuplex,
      enqueued: bean.EnqueueCounter,
      dequeued: bean.DequeueCounter,
    });
  }
  return { ok: true, value: bridges };
}

function parseBeans<T>(body: string, bean: z.ZodType<T>): JolokiaAnswer<Record<string, T>> {
  const parsed = answer.safeParse(parseJson(body));
  if (!parsed.success) return unexpected('the answer is not Jolokia’s');
  const { status, value, error } = parsed.data;
  // a pattern without a match is an error to Jolokia; here it is "none"
  if (status === 404) return { ok: true, value: {} };
  if (status !== 200) return { ok: false, status, error: error ?? 'no reason given' };
  const beans = z.record(z.string(), bean).safeParse(value);
  return beans.success ? { ok: true, value: beans.data } : unexpected(z.prettifyError(beans.error));
}

const unexpected = (error: string): { ok: false; status: number; error: string } => ({ ok: false, status: 200, error });

/** `domain:a=b,c=d` to its keys. Values of broker beans hold no quoted commas. */
const objectNameKeys = (name: string): Record<string, string | undefined> =>
  Object.fromEntries(
    name
      .slice(name.indexOf(':') + 1)
      .split(',')
      .map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  );

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
