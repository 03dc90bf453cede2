// The session in a SOAP call: `SessionHeader/sessionId` in the envelope, the only place where these APIs read it. The
// envelope is edited as bytes and not parsed and printed again, so that all else in it stays as the client wrote it.
// Namespaces: the WSDLs of the partner, enterprise, metadata, Apex and tooling APIs, and of an org's own Apex classes.
import type { Secret } from '../config/secret.ts';
import { type Element, readEnvelope, type SoapEnvelope } from './soap-envelope.ts';

const namespaces: Record<string, string> = {
  u: 'urn:partner.soap.sforce.com',
  c: 'urn:enterprise.soap.sforce.com',
  m: 'http://soap.sforce.com/2006/04/metadata',
  s: 'http://soap.sforce.com/2006/08/apex',
  T: 'urn:tooling.soap.sforce.com',
};

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * The envelope with this session in it: the client's own SessionHeader is filled, or one is added.
 * Undefined where no envelope can be recognised up to the operation that it calls, so that nothing is sent with a session
 * guessed into it, and no `logout` behind a long header.
 */
export function withSessionId(envelope: Buffer, path: string, token: Secret): Buffer | undefined {
  // latin1 keeps every byte of UTF-8 text; all that is looked for is ASCII.
  const xml = envelope.toString('latin1');
  const found = readEnvelope(xml);
  if (!found) return undefined;
  const id = escapeXml(token.reveal());
  const [own, ...others] = found.sessionHeaders;
  const edits = own
    ? [fill(own, id), ...others.map(drop), ...own.children.slice(1).map(drop)]
    : [
        add(
          found,
          `<sf:SessionHeader xmlns:sf="${namespaceOf(path)}"><sf:sessionId>${id}</sf:sessionId></sf:SessionHeader>`,
        ),
      ];
  return Buffer.from(edited(xml, edits), 'latin1');
}

/** What the client itself put into the SessionHeader: a key of the proxy, or a dummy. */
export function readSessionId(envelope: Buffer): string | undefined {
  const xml = envelope.toString('latin1');
  const sessionId = readEnvelope(xml)?.sessionHeaders[0]?.children[0];
  if (!sessionId) return undefined;
  const content = xml.slice(sessionId.openEnd, sessionId.end);
  return content.slice(0, content.lastIndexOf('<')).trim() || undefined;
}

/** The operation that an envelope calls, without its prefix: `query`, `login`, `logout`. */
export function soapOperation(envelope: Buffer): string | undefined {
  return readEnvelope(envelope.toString('latin1'))?.operation;
}

function namespaceOf(path: string): string {
  const [, kind = '', rest = ''] = /\/Soap\/+([^/?]+)\/*([^?]*)/.exec(path) ?? [];
  if (kind === 'class') return `http://soap.sforce.com/schemas/class/${escapeXml(rest)}`;
  return namespaces[kind] ?? 'urn:partner.soap.sforce.com';
}

/** Keeps the client's own names and declarations, which say in which namespace the header is. */
function fill(header: Element, id: string): Edit {
  const [sessionId] = header.children;
  if (sessionId) return { ...sessionId, text: element(sessionId, id) };
  return {
    ...header,
    text: element(header, `<${header.prefix}sessionId>${id}</${header.prefix}sessionId>`),
  };
}

function drop({ start, end }: Element): Edit {
  return { start, end, text: '' };
}

function add({ header, body }: SoapEnvelope, sessionHeader: string): Edit {
  if (!header) {
    const name = `${body.prefix}Header`;
    return { start: body.start, end: body.start, text: `<${name}>${sessionHeader}</${name}>` };
  }
  if (header.isEmpty)
    return { start: header.start, end: header.openEnd, text: element(header, sessionHeader) };
  return { start: header.openEnd, end: header.openEnd, text: sessionHeader };
}

/** `xsi:nil`, which some clients set where they have no session, would make the content none. */
function element({ name, attributes }: Element, content: string): string {
  const kept = attributes.replace(/\s[\w.-]+:nil\s*=\s*(?:"[^"]*"|'[^']*')/g, '');
  return `<${name}${kept}>${content}</${name}>`;
}

function edited(xml: string, edits: readonly Edit[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, text } of [...edits].sort((a, b) => a.start - b.start)) {
    result += xml.slice(at, start) + text;
    at = end;
  }
  return result + xml.slice(at);
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
