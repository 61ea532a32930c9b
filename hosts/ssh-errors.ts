/** What goes wrong on the way to a host behind SSH, in the project's words. No message holds a secret. */
import { EverbrokerError } from '../core/failure.js';
import type { KeyVerdict } from './ssh-host-key.js';
import { endpointOf, type SshLogin } from './ssh-login.js';

/** The link broke or never was; the one who waits for it gives it the host's name. */
export class LinkLost extends Error {
  override readonly name = 'LinkLost';
}

/** The server opens no more channels on this connection. */
export class ChannelRefused extends Error {
  override readonly name = 'ChannelRefused';
  /** SSH's number: 1 prohibited, 2 connect failed, 4 resource shortage. */
  readonly reason: number;
  constructor(message: string, reason: number) {
    super(message);
    this.reason = reason;
  }
}

export function unreachable(host: string, cause: unknown): EverbrokerError {
  if (cause instanceof EverbrokerError) return cause;
  const text = cause instanceof Error ? cause.message : String(cause);
  return new EverbrokerError('HostUnreachable', `${host}: ${text}`, { host }, { cause });
}

export const loginRefused = (login: SshLogin, why: string): EverbrokerError =>
  new EverbrokerError('LoginRefused', `${login.user}@${endpointOf(login)}: ${why}`, {
    address: login.address,
    port: login.port,
    user: login.user,
  });

export function hostKeyRefused(
  login: SshLogin,
  presented: { type: string; fingerprint: string },
  verdict: Exclude<KeyVerdict, { known: true }> | { why: 'pinned'; expected: string },
): EverbrokerError {
  const shown = `${presented.type} ${presented.fingerprint}`;
  const message = `${endpointOf(login)} shows the host key ${shown}, ${reasons[verdict.why](verdict)}.\n${advice(login, presented)}`;
  const details = { address: login.address, port: login.port, why: verdict.why, ...presented };
  return new EverbrokerError('HostKeyRefused', message, details);
}

type Refusal = Parameters<typeof hostKeyRefused>[2];

const reasons: Record<Refusal['why'], (refusal: Refusal) => string> = {
  unknown: () => 'which known_hosts does not have',
  changed: (refusal) =>
    'where' in refusal && 'expected' in refusal
      ? `but ${refusal.where} has ${refusal.expected}: it is another machine, or it was installed anew`
      : 'which has changed',
  revoked: (refusal) => `which is revoked (${'where' in refusal ? refusal.where : 'known_hosts'})`,
  pinned: (refusal) => `but the topology pins ${'expected' in refusal ? refusal.expected : 'another'}`,
};

const advice = ({ address, port }: SshLogin, { type, fingerprint }: { type: string; fingerprint: string }): string => {
  const file = `/etc/ssh/ssh_host_${type.replace(/^ssh-/, '').replace(/^ecdsa-.*/, 'ecdsa')}_key.pub`;
  return [
    `Compare it on the host's own console (ssh-keygen -l -f ${file}). If it is right, pin it in the topology:`,
    `  fingerprint: ${fingerprint}`,
    `or let the worker's user know it: ssh-keyscan${port === 22 ? '' : ` -p ${port}`} ${address} >> ~/.ssh/known_hosts`,
  ].join('\n');
};
