export const DEFAULT_ADDRESS: string;
export function engineAddress(env?: NodeJS.ProcessEnv): string;
export function askEngine(address: string, path?: string, timeoutMs?: number): Promise<number | string>;
export function engineState(address: string, env?: NodeJS.ProcessEnv): Promise<string>;
export function engineHasImage(address: string, tag: string): Promise<boolean>;
export function whyNotStartable(address: string, state: string): Error | undefined;
export function startEngine(options: { address: string; stateDir: string; say: (line: string) => void }): Promise<void>;
