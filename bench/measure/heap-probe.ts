// Loaded into our proxy with --import: answers each message of its parent with the size of the heap after a collection.
// It needs --expose-gc.

process.on('message', () => {
  // What the first one frees by finalisers, the second one collects.
  globalThis.gc?.();
  globalThis.gc?.();
  process.send?.(process.memoryUsage().heapUsed);
});
process.channel?.unref();
