// Where things are in a SOAP envelope: its Header, the SessionHeaders in that, its Body and the operation that is called.
// Read tag by tag, so that what only looks like a tag (in a comment, in CDATA, in a record's text) is none: a session must
// not be written into somebody's data. Linear in time; nothing behind the operation is read.

export interface Element {
  readonly name: string;
  /** With its colon, or empty. */
  readonly prefix: string;
  /** All between the name and the end of the tag. */
  readonly attributes: string;
  readonly isEmpty: boolean;
  readonly start: number;
  readonly openEnd: number;
  /** Where the closing tag begins, and ends; both are `openEnd` until it has been read. */
  contentEnd: number;
  end: number;
  /** Only of a SessionHeader, and only its sessionIds. */
  readonly children: Element[];
}

interface Found {
  header: Element | undefined;
  readonly sessionHeaders: Element[];
}

export interface SoapEnvelope extends Readonly<Found> {
  readonly body: Element;
  /** Undefined: an empty Body. */
  readonly operation: string | undefined;
}

interface Tag {
  readonly isClosing: boolean;
  readonly local: string;
  readonly element: Element;
}

/** Nothing that a client library writes is nested so deep; it bounds what hostile input can cost. */
const deepest = 64;

/** Undefined for what is no envelope, is not well-formed up to its operation, or is cut off before that. */
export function readEnvelope(xml: string): SoapEnvelope | undefined {
  const found: Found = { header: undefined, sessionHeaders: [] };
  const open: Tag[] = [];
  for (const tag of tags(xml)) {
    const path = open.map(({ local }) => local).join('/');
    const parent = open.at(-1)?.element;
    if (parent && path === 'Envelope/Body') {
      return { ...found, body: parent, operation: tag.isClosing ? undefined : tag.local };
    }
    if (!follow(tag, open)) return undefined;
    if (!tag.isClosing) note(tag, path, found, parent);
  }
  return undefined;
}

/** False where an envelope is left, or was none. */
function follow(tag: Tag, open: Tag[]): boolean {
  if (tag.isClosing) {
    const closed = open.pop();
    if (closed?.local !== tag.local) return false;
    closed.element.contentEnd = tag.element.start;
    closed.element.end = tag.element.openEnd;
  } else {
    open.push(tag);
  }
  return open[0]?.local === 'Envelope' && open.length <= deepest;
}

function note(
  { local, element }: Tag,
  path: string,
  found: Found,
  parent: Element | undefined,
): void {
  if (path === 'Envelope' && local === 'Header') found.header ??= element;
  if (path === 'Envelope/Header' && local === 'SessionHeader') found.sessionHeaders.push(element);
  if (path === 'Envelope/Header/SessionHeader' && local === 'sessionId') {
    parent?.children.push(element);
  }
}

// Bytes above 0x7F are letters here: the text is UTF-8 read as latin1.
const tagPattern =
  /<(\/?)((?:[A-Za-z_\x80-\xff][\w.\x80-\xff-]*:)?)([A-Za-z_\x80-\xff][\w.\x80-\xff-]*)((?:[^<>"']|"[^"<]*"|'[^'<]*')*)>/y;

const skipped = [
  ['<!--', '-->'],
  ['<![CDATA[', ']]>'],
  ['<?', '?>'],
] as const;

/** An empty element opens and closes. Ends at the first thing that is no markup of a SOAP message: a DOCTYPE, a tag that is cut off. */
function* tags(xml: string): Generator<Tag> {
  let at = xml.indexOf('<');
  while (at !== -1) {
    const [begin, finish] = skipped.find(([start]) => xml.startsWith(start, at)) ?? [];
    if (begin) {
      const end = xml.indexOf(finish, at + begin.length);
      if (end === -1) return;
      at = xml.indexOf('<', end + finish.length);
      continue;
    }
    tagPattern.lastIndex = at;
    const match = tagPattern.exec(xml);
    if (!match) return;
    const tag = readTag(match);
    yield tag;
    const { isEmpty, openEnd } = tag.element;
    if (isEmpty) yield { ...tag, isClosing: true, element: { ...tag.element, start: openEnd } };
    at = xml.indexOf('<', openEnd);
  }
}

function readTag(match: RegExpExecArray): Tag {
  const [text, slash, prefix = '', local = '', rest = ''] = match;
  const isEmpty = rest.endsWith('/');
  const openEnd = match.index + text.length;
  const element: Element = {
    name: prefix + local,
    prefix,
    attributes: isEmpty ? rest.slice(0, -1) : rest,
    isEmpty,
    start: match.index,
    openEnd,
    contentEnd: openEnd,
    end: openEnd,
    children: [],
  };
  return { isClosing: slash !== '', local, element };
}
