// Trailer fields that may follow a relayed body (RFC 9110 section 6.5.1): none that decides about the message itself or
// about the client's state.
import type { OutgoingMessage } from 'node:http';
import { isFieldValue } from '../connections/http-grammar.ts';
import { isHopByHop } from './hop-by-hop.ts';

const notInTrailers = new Set([
  'authorization',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'host',
  'link',
  'location',
  'refresh',
  'set-cookie',
  'x-sfdc-session',
]);

/** To be called before `end`; Node sends them only where the body is chunked. */
export function addTrailers(message: OutgoingMessage, rawTrailers: readonly string[]): void {
  if (rawTrailers.length === 0) return;
  const pairs: [string, string][] = [];
  for (let i = 0; i < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] as string;
    const value = rawTrailers[i + 1] as string;
    const lowerCase = name.toLowerCase();
    if (isHopByHop(lowerCase) || notInTrailers.has(lowerCase)) continue;
    // Node throws for what it would not send; the body is whole without it.
    if (isFieldValue(value)) pairs.push([name, value]);
  }
  message.addTrailers(pairs);
}
