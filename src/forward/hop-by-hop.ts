// Headers that belong to one connection and not to the message (RFC 9110 section 7.6.1, RFC 9112): never passed on, in
// either direction.
import { isNamed } from '../header-name.ts';

const hopByHop = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);

export function isHopByHop(lowerCaseName: string): boolean {
  return hopByHop.has(lowerCaseName) || lowerCaseName.startsWith('proxy-');
}

/** What `Connection` names is as much of this connection as the header itself. */
export function namedByConnection(rawHeaders: readonly string[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (!isNamed(name, 'connection')) continue;
    const value = rawHeaders[i + 1] as string;
    // What nearly all say, and it names no header that would be passed on otherwise.
    if (value === 'keep-alive' || value === 'close') continue;
    names ??= new Set();
    for (const token of value.split(',')) {
      names.add(token.trim().toLowerCase());
    }
  }
  return names;
}
