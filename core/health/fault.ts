/** The faults that verification tells apart, and the checks that carry them. */
import type { Check } from '../contract.js';

export type Fault =
  /** Could not look; nothing is known of what is there. */
  | 'HostUnseen'
  | 'HostDown'
  | 'AgentDown'
  | 'NodeDown'
  | 'NodeFrozen'
  | 'NotReady'
  | 'StartFailed'
  | 'NoMaster'
  | 'TwoMasters'
  | 'StoreNotWritable'
  /** A store that is no file: the database does not answer, or not this user. */
  | 'StoreUnreachable'
  | 'LeaseFree'
  | 'LeaseElsewhere'
  | 'DatabaseDown'
  /** A store whose master is elected in ZooKeeper. */
  | 'NobodyElected'
  | 'ElectedElsewhere'
  | 'ReplicaMissing'
  | 'EnsembleServerDown'
  | 'WrongPort'
  | 'WrongBrokerName'
  | 'WrongVersion'
  | 'ConsoleUnreachable'
  | 'BadCredentials'
  | 'SignalsDisagree'
  | 'StaleConfiguration'
  | 'BridgeDown'
  /** Messages cross, but later than a bridge may take. */
  | 'BridgeSlow'
  | 'BridgeUnexpected'
  | 'MessagesLost'
  | 'MessagesDuplicated'
  | 'QueueLeft'
  | 'LoginRefused'
  | 'LoginNotRequired'
  | 'PlainTextAccepted'
  | 'CertificateUntrusted'
  | 'CertificateExpiring'
  | 'CertificateExpired'
  | 'ProbeFailed'
  | 'NotChecked';

export const passed = (name: string, detail: string): Check => ({ name, ok: true, detail });

export const failed = (name: string, fault: Fault, detail: string): Check => ({ name, ok: false, fault, detail });

/** The failed checks as one message. */
export const failedText = (checks: readonly Check[]): string =>
  checks
    .filter((check) => !check.ok)
    .map((check) => `${check.fault ?? 'failed'}: ${check.detail}`)
    .join('\n');
