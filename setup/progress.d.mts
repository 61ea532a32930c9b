export class SetupError extends Error {
  constructor(message: string, whatToDo?: string);
  readonly whatToDo: string | undefined;
}

export type Say = (line: string) => void;

export interface Failure {
  name: string;
  error: Error & { whatToDo?: string };
}

export interface Progress {
  failures: Failure[];
  say(name: string, line: string): void;
  task<T>(name: string, work: (say: Say) => Promise<T>): Promise<T>;
  close(): void;
}

export function createProgress(options?: { write?: Say; stillEveryMs?: number }): Progress;
export function all<T>(promises: readonly Promise<T>[]): Promise<T[]>;
export function failureText(failures: readonly Failure[]): string;
export function run(
  argv: readonly string[],
  options?: { whatToDo?: string; onLine?: Say; cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<string>;
