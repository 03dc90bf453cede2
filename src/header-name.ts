// Header names: they have no case (RFC 9110 section 5.1), and the same few come with every message.

/** @param lowerCaseName what it may be, in lower case */
export function isNamed(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}

// Whoever makes up names, many or long ones, gains nothing by it.
const maxKnown = 1000;
const maxKnownLength = 64;

/** What `find` finds out about a name, remembered for each spelling that comes. */
export function byHeaderName<T extends string | boolean>(
  find: (lowerCaseName: string) => T,
): (name: string) => T {
  const known = new Map<string, T>();
  return (name) => {
    const remembered = known.get(name);
    if (remembered !== undefined) return remembered;
    const found = find(name.toLowerCase());
    if (name.length > maxKnownLength) return found;
    if (known.size >= maxKnown) known.clear();
    // A part of a text keeps the whole of it. The copy of a name that is no latin1 (JSON may hold one) is another name.
    const copy = Buffer.from(name, 'latin1').toString('latin1');
    if (copy === name) known.set(copy, found);
    return found;
  };
}
