/** What is kept of a command's output: the end of it, and whole characters only. */

/** Keeps the last `limit` bytes of a stream; text is decoded once, so characters split over chunks survive. */
export class OutputTail {
  truncated = false;
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // Twice the limit before cutting: each byte is copied about once, however small the chunks are.
    if (this.#bytes > 2 * this.#limit) this.#cut();
  }

  text(): string {
    this.#cut();
    const kept = Buffer.concat(this.#chunks);
    return kept.subarray(this.truncated ? firstWholeCharacter(kept) : 0).toString('utf8');
  }

  #cut(): void {
    if (this.#bytes <= this.#limit) return;
    this.truncated = true;
    const kept = Buffer.from(Buffer.concat(this.#chunks).subarray(this.#bytes - this.#limit));
    this.#chunks = [kept];
    this.#bytes = kept.length;
  }
}

function firstWholeCharacter(bytes: Buffer): number {
  let start = 0;
  while (start < 3 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start++;
  return start;
}

/** Hands the first line to one reader and all that follows to another. */
export function firstLine(line: (text: string) => void, rest: (chunk: Buffer) => void): (chunk: Buffer) => void {
  let head: Buffer | undefined = Buffer.alloc(0);
  return (chunk) => {
    if (!head) return rest(chunk);
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf(10);
    if (end < 0) return;
    line(head.subarray(0, end).toString());
    if (head.length > end + 1) rest(head.subarray(end + 1));
    head = undefined;
  };
}

/** More noise than any login makes. */
const LONGEST_PROLOGUE = 64 * 1024;

/**
 * Hands on what follows a word and its line. What comes before is not the command's: what login scripts say, a prompt.
 * It may end without a line break, so the word is found wherever it stands.
 */
export function afterWord(
  word: string,
  { line, rest }: { line: (text: string) => void; rest: (chunk: Buffer) => void },
): { push: (chunk: Buffer) => void; before: () => string } {
  let head: Buffer | undefined = Buffer.alloc(0);
  const push = (chunk: Buffer): void => {
    if (!head) return rest(chunk);
    head = Buffer.concat([head, chunk]);
    const at = head.indexOf(word);
    const end = at < 0 ? -1 : head.indexOf(10, at);
    if (end < 0) {
      if (at < 0 && head.length > LONGEST_PROLOGUE) head = head.subarray(-word.length);
      return;
    }
    const whole = head;
    head = undefined;
    line(whole.subarray(at + word.length, end).toString());
    if (whole.length > end + 1) rest(whole.subarray(end + 1));
  };
  return { push, before: () => head?.toString('utf8') ?? '' };
}

/**
 * Hands on what comes before a word, and what stands between the word and the end of its line. What comes after is
 * nobody's. The word must not overlap with itself.
 */
export function beforeWord(
  word: string,
  { line, rest }: { line: (text: string) => void; rest: (chunk: Buffer) => void },
): (chunk: Buffer) => void {
  let held = Buffer.alloc(0);
  let state: 'before' | 'in line' | 'over' = 'before';
  return (chunk) => {
    if (state === 'over') return;
    held = Buffer.concat([held, chunk]);
    if (state === 'before') {
      const at = held.indexOf(word);
      // What could be the beginning of the word is held back.
      const certain = at < 0 ? held.length - (word.length - 1) : at;
      if (certain > 0) {
        rest(held.subarray(0, certain));
        held = held.subarray(certain);
      }
      if (at < 0) return;
      held = held.subarray(word.length);
      state = 'in line';
    }
    const end = held.indexOf(10);
    if (end < 0) return;
    state = 'over';
    line(held.subarray(0, end).toString());
  };
}

/**
 * Splits the engine's attach stream: frames of an 8-byte header (1 = stdout, 2 = stderr; length) and their bytes.
 * https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
 */
export class Demultiplexer {
  readonly #sinks: { stdout: (chunk: Buffer) => void; stderr: (chunk: Buffer) => void };
  #header = Buffer.alloc(0);
  #left = 0;
  #isStderr = false;

  constructor(sinks: { stdout: (chunk: Buffer) => void; stderr: (chunk: Buffer) => void }) {
    this.#sinks = sinks;
  }

  push(data: Buffer): void {
    let rest = data;
    while (rest.length > 0) rest = this.#left > 0 ? this.#payload(rest) : this.#head(rest);
  }

  #payload(data: Buffer): Buffer {
    const chunk = data.subarray(0, this.#left);
    this.#left -= chunk.length;
    this.#sinks[this.#isStderr ? 'stderr' : 'stdout'](chunk);
    return data.subarray(chunk.length);
  }

  #head(data: Buffer): Buffer {
    const taken = 8 - this.#header.length;
    this.#header = Buffer.concat([this.#header, data.subarray(0, taken)]);
    if (this.#header.length === 8) {
      this.#isStderr = this.#header.readUInt8(0) === 2;
      this.#left = this.#header.readUInt32BE(4);
      this.#header = Buffer.alloc(0);
    }
    return data.subarray(taken);
  }
}
