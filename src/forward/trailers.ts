// Trailer fields that may follow a relayed body (RFC 9110 section 6.5.1): none that decides about the message itself or
// about the client's state.
import type { ServerResponse } from 'node:http';
import { isHopByHop } from './hop-by-hop.ts';

const notInTrailers = new Set(['content-length', 'content-encoding', 'set-cookie', 'location']);

/** To be called before `end`; Node sends them only where the body is chunked. */
export function sendTrailers(res: ServerResponse, rawTrailers: readonly string[]): void {
  if (rawTrailers.length === 0) return;
  const pairs: [string, string][] = [];
  for (let i = 0; i < rawTrailers.length; i += 2) {
    const name = rawTrailers[i] as string;
    const lowerCase = name.toLowerCase();
    if (isHopByHop(lowerCase) || notInTrailers.has(lowerCase)) continue;
    pairs.push([name, rawTrailers[i + 1] as string]);
  }
  res.addTrailers(pairs);
}
