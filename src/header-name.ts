// Header names: they have no case (RFC 9110 section 5.1), and the same few come with every message.

/** @param lowerCaseName what it may be, in lower case */
export function isNamed(name: string, lowerCaseName: string): boolean {
  return name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName;
}
