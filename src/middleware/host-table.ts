// What belongs to a name in the Host header: the name itself, or `*.name` for any name below it; the nearest counts.

/** @param entries names without a port, in lower case */
export function hostTable<T>(
  entries: Iterable<readonly [host: string, T]>,
): (host: string) => T | undefined {
  const table = new Map(entries);
  return (host) => {
    let found = table.get(host);
    // From the second character: nothing stands before the dot of ".localhost".
    let dot = host.indexOf('.', 1);
    while (found === undefined && dot !== -1) {
      found = table.get(`*${host.slice(dot)}`);
      dot = host.indexOf('.', dot + 1);
    }
    return found;
  };
}
