// Is the client still there? Who works for it asks here, so that no work goes on for nobody.

/** The client went away: there is nobody to answer, and no work goes on. */
export class ClientGone extends Error {}

export class ClientPresence {
  #gone: ClientGone | undefined;
  #controller: AbortController | undefined;
  /** Told when the client leaves: the one exchange that is under way for it. */
  onLeave: ((reason: ClientGone) => void) | undefined;

  /** Why all work for the client ends; undefined while it is there. */
  get reason(): ClientGone | undefined {
    return this.#gone;
  }

  /** For what takes one: aborts when the client leaves. Made when it is first asked for, since most requests never wait. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#gone) this.#controller.abort(this.#gone);
    return this.#controller.signal;
  }

  leave(): void {
    if (this.#gone) return;
    this.#gone = new ClientGone('The client left.');
    this.#controller?.abort(this.#gone);
    this.onLeave?.(this.#gone);
  }
}
