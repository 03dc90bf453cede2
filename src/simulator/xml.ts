// The little XML that the simulated org reads and writes. Reading is by element name whatever the prefix, which is enough for the
// messages of Salesforce's SOAP and Bulk 1.0 clients; it is no XML parser.

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

export function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

/** The text of the first element of that name; undefined when there is none. */
export function readElement(xml: string, name: string): string | undefined {
  return readElements(xml, name)[0];
}

/** The inner XML or text of each element of that name. */
export function readElements(xml: string, name: string): string[] {
  const pattern = new RegExp(
    `<((?:[\\w.-]+:)?${name})(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</\\1\\s*>)`,
    'g',
  );
  return [...xml.matchAll(pattern)].map((match) => match[2] ?? '');
}

/** The children of an element that hold nothing but text, by local name. */
export function readTextChildren(inner: string): Record<string, string> {
  const pattern = /<(?:[\w.-]+:)?([\w.-]+)(?:\s[^>]*)?(?:\/>|>([^<]*)<\/)/g;
  return Object.fromEntries(
    [...inner.matchAll(pattern)].map((match) => [match[1], unescapeXml(match[2] ?? '')]),
  );
}

export function unescapeXml(text: string): string {
  return text.replace(/&(#x?)?(\w+);/g, (whole, numeric: string | undefined, name: string) => {
    if (!numeric) return entities[name] ?? whole;
    return String.fromCodePoint(Number.parseInt(name, numeric === '#x' ? 16 : 10));
  });
}
