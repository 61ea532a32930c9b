/** A file that Everbroker manages on a host. */
export interface RenderedFile {
  /** Absolute. */
  path: string;
  content: string;
  mode: number;
  /** `broker` is the topology's runAs user. */
  owner: 'root' | 'broker';
}
