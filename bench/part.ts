/** What both comparisons of the benchmark get and give. */
export interface PartOptions {
  rounds: number;
  /** The project's cache of artefacts. */
  cache: string;
  tarball: string;
  /** The probe's archive, which the other side uses too. */
  probe: string;
  cores: number;
  signal: AbortSignal;
  say: (line: string) => void;
}

export interface PartResult {
  text: string;
  /** For --json. */
  data: object;
}

export type Part = (options: PartOptions) => Promise<PartResult>;
