// The session in a SOAP call: `SessionHeader/sessionId` in the envelope, the only place where these APIs read it. The
// envelope is edited as bytes and not parsed and printed again, so that all else in it stays as the client wrote it.
// Namespaces: the WSDLs of the partner, enterprise, metadata, Apex and tooling APIs.
import type { Secret } from '../config/secret.ts';

const namespaces: Record<string, string> = {
  u: 'urn:partner.soap.sforce.com',
  c: 'urn:enterprise.soap.sforce.com',
  m: 'http://soap.sforce.com/2006/04/metadata',
  s: 'http://soap.sforce.com/2006/08/apex',
  T: 'urn:tooling.soap.sforce.com',
};

// `[^<>]*` and no nesting keep these linear on hostile input.
const sessionIdContent =
  /(<(?:[\w.-]+:)?SessionHeader(?:\s[^<>]*)?>\s*<((?:[\w.-]+:)?sessionId)(?:\s[^<>/]*)?)(?:\/>|>[^<]*<\/\2\s*>)/;
const sessionHeader =
  /<((?:[\w.-]+:)?SessionHeader)(?:\s[^<>]*)?(?:\/>|>[^<]*(?:<[\w.:-]*sessionId[^<>]*\/>[^<]*)?<\/\1\s*>)/;
const openHeader = /<((?:[\w.-]+:)?Header)(?:\s[^<>/]*)?>/;
const emptyHeader = /<((?:[\w.-]+:)?Header)(?:\s[^<>]*)?\/>/;
const openBody = /<((?:[\w.-]+:)?)Body(?:\s[^<>]*)?>/;

/**
 * The envelope with this session in it: the client's own SessionHeader is replaced, or one is added.
 * Undefined where no envelope can be recognised, so that nothing is sent with a session guessed into it.
 */
export function withSessionId(envelope: Buffer, path: string, token: Secret): Buffer | undefined {
  // latin1 keeps every byte of UTF-8 text; all that is looked for is ASCII.
  const xml = envelope.toString('latin1');
  const id = escapeXml(token.reveal());
  const namespace = namespaces[/\/Soap\/+([^/]+)/.exec(path)?.[1] ?? ''] ?? namespaces.u;
  const ours = `<sf:SessionHeader xmlns:sf="${namespace}"><sf:sessionId>${id}</sf:sessionId></sf:SessionHeader>`;
  const replaced =
    edit(xml, sessionIdContent, (match) => `${match[1]}>${id}</${match[2]}>`) ??
    edit(xml, sessionHeader, () => ours);
  if (replaced !== undefined) return Buffer.from(replaced, 'latin1');
  // One that is written in a way not foreseen above must not travel beside ours.
  if (xml.includes('SessionHeader')) return undefined;
  const added =
    edit(xml, emptyHeader, (match) => `${match[0].replace(/\s*\/>$/, '>')}${ours}</${match[1]}>`) ??
    edit(xml, openHeader, (match) => `${match[0]}${ours}`) ??
    edit(xml, openBody, (match) => `<${match[1]}Header>${ours}</${match[1]}Header>${match[0]}`);
  return added === undefined ? undefined : Buffer.from(added, 'latin1');
}

function edit(
  xml: string,
  pattern: RegExp,
  replacement: (match: RegExpExecArray) => string,
): string | undefined {
  const match = pattern.exec(xml);
  if (!match) return undefined;
  return xml.slice(0, match.index) + replacement(match) + xml.slice(match.index + match[0].length);
}

/** The operation that an envelope calls, without its prefix: `query`, `login`, `logout`. */
export function soapOperation(envelope: Buffer): string | undefined {
  const xml = envelope.toString('latin1');
  return /<(?:[\w.-]+:)?Body(?:\s[^<>]*)?>(?:\s|<!--[\s\S]*?-->)*<(?:[\w.-]+:)?([\w.-]+)/.exec(
    xml,
  )?.[1];
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
