export interface Goal {
  engine: boolean;
  temporal: boolean;
  testServer: boolean;
  python: boolean;
  jreImage: boolean;
  faultImage: boolean;
  sshdImages: boolean;
  activemq: readonly string[];
}
export const IMAGE: string;
export const DEFAULT_ACTIVEMQ: string;
export const GOALS: Readonly<Record<string, Goal>>;
export function distributionFile(version: string): string;
