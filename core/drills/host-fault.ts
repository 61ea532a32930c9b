/**
 * A fault as it is done to one host. It is plain data, made by the workflow from the scenario and the roles of the moment;
 * one activity injects it, heals it, and looks whether it is there.
 */
export type HostFault =
  /** Done and timed by the host's agent, which is not what is hit. */
  | { by: 'agent'; kind: 'kill' | 'stop' | 'freeze' | 'replace-lock' | 'disk-full'; node: string; holdSeconds: number }
  | { by: 'agent'; kind: 'restart-service'; service: string; holdSeconds: number }
  /** Done by whoever carries the host: it is killed, and started again. */
  | { by: 'carrier'; kind: 'kill-host'; holdSeconds: number }
  /** Done to the host's packets, from its network namespace. */
  | {
      by: 'network';
      kind: 'drop';
      /** IPv4 addresses or networks; with `except` all others. */
      addresses: string[];
      except: boolean;
      /** TCP ports at the other or this end; empty: all. */
      ports: number[];
      /** Only what this host itself asks of those ports: whoever asks it at the same ones is answered. */
      asksOnly?: boolean;
      holdSeconds: number;
    }
  | { by: 'network'; kind: 'impair'; delayMs: number; lossPercent: number; holdSeconds: number };

/** What a look at a host found of a fault. */
export interface FaultSighting {
  /** The fault is in force. */
  present: boolean;
  /** Its dead-man timer has healed it. */
  expired: boolean;
  detail: string;
}
