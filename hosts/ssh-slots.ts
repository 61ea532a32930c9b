/** How many commands run at once on one connection: what the server allows (MaxSessions), learnt where it is less. */

/** OpenSSH's default. */
const MAX_SESSIONS = 10;
/** Kept free for killing a command and for asking whether the host lives. */
const RESERVED = 2;

export class Slots {
  #sessions = MAX_SESSIONS;
  #taken = 0;
  readonly #waiting: { go: () => void }[] = [];

  /**
   * Resolves when there is room; then `free` has to follow. What is urgent never waits, least of all for the command that
   * it is to kill; where the server refuses it, it gets a connection of its own.
   */
  async take(options: { urgent?: boolean; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { urgent = false, signal } = options;
    signal?.throwIfAborted();
    if (urgent || this.#taken < this.#capacity) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const entry = { go: () => settle(resolve) };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        settle(() => reject(signal?.reason));
      };
      const settle = (finish: () => void) => {
        signal?.removeEventListener('abort', abort);
        finish();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#waiting.push(entry);
    });
  }

  free(): void {
    this.#taken--;
    for (;;) {
      const next = this.#waiting[0];
      if (!next || this.#taken >= this.#capacity) return;
      this.#waiting.shift();
      this.#taken++;
      next.go();
    }
  }

  /** The server refused one more beside these. */
  learn(open: number): void {
    this.#sessions = Math.max(1, Math.min(this.#sessions, open));
  }

  get #capacity(): number {
    return Math.max(1, this.#sessions - RESERVED);
  }
}
