/** How many commands run at once on one connection: what the server allows (MaxSessions), learnt where it is less. */

/** OpenSSH's default. */
const MAX_SESSIONS = 10;
/** Kept free for killing a command and for asking whether the host lives. */
const RESERVED = 2;

export class Slots {
  #sessions = MAX_SESSIONS;
  #taken = 0;
  readonly #waiting: { go: () => void; urgent: boolean }[] = [];

  /** Resolves when there is room; then `free` has to follow. Urgent: also in what is reserved. */
  async take(options: { urgent?: boolean; signal?: AbortSignal | undefined } = {}): Promise<void> {
    const { urgent = false, signal } = options;
    signal?.throwIfAborted();
    if (this.#taken < this.#capacity(urgent)) {
      this.#taken++;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const entry = { go: () => settle(resolve), urgent };
      const abort = () => {
        this.#waiting.splice(this.#waiting.indexOf(entry), 1);
        settle(() => reject(signal?.reason));
      };
      const settle = (finish: () => void) => {
        signal?.removeEventListener('abort', abort);
        finish();
      };
      signal?.addEventListener('abort', abort, { once: true });
      if (urgent) this.#waiting.unshift(entry);
      else this.#waiting.push(entry);
    });
  }

  free(): void {
    this.#taken--;
    for (;;) {
      const next = this.#waiting[0];
      if (!next || this.#taken >= this.#capacity(next.urgent)) return;
      this.#waiting.shift();
      this.#taken++;
      next.go();
    }
  }

  /** The server refused one more beside these. */
  learn(open: number): void {
    this.#sessions = Math.max(1, Math.min(this.#sessions, open));
  }

  #capacity = (urgent: boolean): number => (urgent ? this.#sessions : Math.max(1, this.#sessions - RESERVED));
}
