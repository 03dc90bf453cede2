// A number of places, given in the order of asking.

export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Resolves with what gives the place back, once; rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<() => void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve(this.#release());
      };
      if (signal.aborted) {
        leave();
      } else if (this.#free > 0) {
        this.#free -= 1;
        enter();
      } else {
        signal.addEventListener('abort', leave, { once: true });
        this.#waiting.add(enter);
      }
    });
  }

  #release(): () => void {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const [next] = this.#waiting;
      if (next) {
        this.#waiting.delete(next);
        next();
      } else {
        this.#free += 1;
      }
    };
  }
}
