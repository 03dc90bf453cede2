// The buffers of bodies that pass through. They lie outside of V8's heap, which takes them for growth of its old generation and
// collects all of itself again and again: up to 40 % of what a download cost, with up to 64 MB of spent buffers at any time
// (docs/performance.md). They belong to young objects, so collecting those is enough, and takes a millisecond.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { readonly type: 'minor' }) => void;

/** As much as the processor's caches hold, or a little more: what is freed is soon used again. */
const collectEveryBytes = 8 * 1024 * 1024;

// Of the process, as V8's heap is.
let spentBytes = 0;
let collect: Collect | undefined;

/**
 * Each part of a body that came in parts. Not small bodies, which are whole when they come: V8 keeps a young generation small
 * that is collected early, and small requests would cost a tenth more.
 */
export function noteSpent({ length }: Buffer): void {
  spentBytes += length;
  if (spentBytes < collectEveryBytes) return;
  spentBytes = 0;
  // By then what is written at once has been written.
  setImmediate(collectYoung);
}

function collectYoung(): void {
  collect ??= takeOver();
  collect({ type: 'minor' });
}

/** Where V8 does not lend its collector, it collects as it sees fit: bodies cost more, and that is all. */
function takeOver(): Collect {
  // The old generation may grow to three times of what lives in it, as V8 lets it under load; after some idle seconds V8
  // allows so little that 8 MB are too much.
  setFlagsFromString('--heap-growing-percent=200');
  // Has effect on contexts that are made after it.
  setFlagsFromString('--expose-gc');
  const lent = runInNewContext('globalThis.gc') as Collect | undefined;
  return lent ?? (() => {});
}
