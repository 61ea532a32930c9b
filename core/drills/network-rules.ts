/**
 * A fault of a host's packets as nftables rules. Whom it hits stands in sets whose elements the kernel itself forgets when
 * the hold is over: rules and timer come into force in one transaction, and the timer needs no process. Pure.
 */
import { toNumber, toSubnet, type Subnet } from '../topology/ipv4.js';
import type { HostFault } from './host-fault.js';

export type NetworkFault = Extract<HostFault, { by: 'network' }>;

/** nftables' table of one fault on one host. */
export const faultTable = (id: string): string => `everbroker-${id}`;

export interface RulesInput {
  table: string;
  fault: NetworkFault;
  /** TCP port of the host that is never touched: the one by which Everbroker itself comes in. */
  keepPort?: number | undefined;
}

/** For `nft -f`. Empty when the fault has nothing that rules can do (a delay without loss). */
export function networkRules({ table, fault, keepPort }: RulesInput): string {
  const match = matchOf(fault);
  if (match === null) return '';
  const all = fault.kind === 'impair' || fault.except;
  const hold = `timeout ${Math.max(1, Math.ceil(fault.holdSeconds))}s`;
  const targets = all ? ['0.0.0.0/0'] : outermost(fault.kind === 'drop' ? fault.addresses : []);
  const spared = fault.kind === 'drop' && fault.except ? outermost(fault.addresses) : [];
  const chain = (hook: 'input' | 'output'): string[] => {
    const [side, device] = hook === 'input' ? ['saddr', 'iifname'] : ['daddr', 'oifname'];
    const [ours, theirs] = hook === 'input' ? (['dport', 'sport'] as const) : (['sport', 'dport'] as const);
    const sides = fault.kind === 'drop' && fault.asksOnly === true ? [theirs] : [ours, theirs];
    return [
      `  chain ${hook} {`,
      `    type filter hook ${hook} priority -10; policy accept;`,
      // Who is named is meant, also when it is this host itself.
      ...(all ? [`    ${device} "lo" accept`] : []),
      ...(keepPort === undefined ? [] : [`    tcp ${ours} ${keepPort} accept`]),
      ...(spared.length === 0 ? [] : [`    ip ${side} { ${spared.join(', ')} } accept`]),
      ...portsOf(fault, sides).map((port) => `    ip ${side} @peers4 ${port}${match}drop`),
      ...(all ? portsOf(fault, sides).map((port) => `    ip6 ${side} @peers6 ${port}${match}drop`) : []),
      '  }',
    ];
  };
  return [
    `table inet ${table} {`,
    ...set(
      'peers4',
      'ipv4_addr',
      targets.map((target) => `${target} ${hold}`),
    ),
    ...(all ? set('peers6', 'ipv6_addr', [`::/0 ${hold}`]) : []),
    ...chain('input'),
    ...chain('output'),
    '}',
    '',
  ].join('\n');
}

/** What a packet must meet beside its address; null when none is dropped. */
function matchOf(fault: NetworkFault): string | null {
  if (fault.kind === 'drop') return '';
  if (fault.lossPercent <= 0) return null;
  return fault.lossPercent >= 100 ? '' : `numgen random mod 10000 < ${Math.round(fault.lossPercent * 100)} `;
}

/** A connection has the port at this end or at the other; without ports every protocol is meant. */
const portsOf = (fault: NetworkFault, sides: readonly string[]): string[] =>
  fault.kind === 'drop' && fault.ports.length > 0
    ? sides.map((side) => `tcp ${side} { ${[...new Set(fault.ports)].join(', ')} } `)
    : [''];

const set = (name: string, type: string, elements: readonly string[]): string[] => [
  `  set ${name} {`,
  `    type ${type}`,
  '    flags interval, timeout',
  ...(elements.length === 0 ? [] : [`    elements = { ${elements.join(', ')} }`]),
  '  }',
];

/** Without what lies in another: nftables refuses intervals that overlap. */
function outermost(addresses: readonly string[]): string[] {
  const all = [...new Set(addresses)].map((text) => ({ text, subnet: asSubnet(text) }));
  return all
    .filter(({ subnet }, index) => !all.some((other, at) => at !== index && covers(other.subnet, subnet, at < index)))
    .map(({ text }) => text);
}

const asSubnet = (text: string): Subnet => toSubnet(text.includes('/') ? text : `${text}/32`);

const covers = (outer: Subnet, inner: Subnet, alsoEqual: boolean): boolean =>
  outer.base <= inner.base &&
  outer.base + outer.size >= inner.base + inner.size &&
  (outer.size > inner.size || alsoEqual);

const IPV4 = /^(?:\d{1,3}\.){3}\d{1,3}(?:\/(?:[0-9]|[12]\d|3[0-2]))?$/;

/** What is wrong with a fault whatever it is done to; every problem. */
export function ruleProblems(fault: NetworkFault): string[] {
  if (fault.kind === 'impair') {
    const { delayMs, lossPercent } = fault;
    return [
      ...(lossPercent < 0 || lossPercent > 100 ? [`${lossPercent} % of the packets cannot be lost`] : []),
      ...(delayMs <= 0 && lossPercent <= 0 ? ['packets that are neither late nor lost are no fault'] : []),
    ];
  }
  const names = fault.addresses.filter((address) => !IPV4.test(address) || !isInRange(address));
  return [
    ...names.map((name) => `${name} is no IPv4 address or network, and packets are told apart by those`),
    ...(fault.addresses.length === 0 && !fault.except ? ['nobody is named whose packets are to be dropped'] : []),
  ];
}

const isInRange = (address: string): boolean => {
  const parts = (address.split('/')[0] ?? '').split('.').map(Number);
  return parts.every((part) => part <= 255) && toNumber(parts.join('.')) >= 0;
};
