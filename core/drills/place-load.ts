/** A flow of the load with the queue, the brokers and the hosts that it runs on. */
export interface PlacedFlow {
  flow: string;
  queue: string;
  /** Groups. */
  from: string;
  to: string;
  /** `failover:` URLs. */
  fromUrl: string;
  toUrl: string;
  perSecond: number;
  sizeBytes: number;
  producers: number;
  consumers: number;
  transactionSize: number;
  /** Hosts whose load process has its producers and its consumers. */
  producersOn: string;
  consumersOn: string;
}
