// Work that comes piece by piece in a turn of the event loop, done together at its end. The same work done many times in a row
// finds its code and data in the processor's caches; now and then, between the reads and writes of a busy turn, it costs up
// to twice as much (docs/performance.md).

/**
 * One for all who have such work, whatever org it is for: a crowd of pieces is what makes it worth it.
 * @param work must not throw; pieces are taken in the order in which they came
 */
export function atEndOfTurn<T>(work: (piece: T) => void): (piece: T) => void {
  let pieces: T[] = [];
  const workOff = () => {
    const taken = pieces;
    pieces = [];
    for (const piece of taken) work(piece);
  };
  return (piece) => {
    // Immediates run when all that can be read has been read.
    if (pieces.push(piece) === 1) setImmediate(workOff);
  };
}
