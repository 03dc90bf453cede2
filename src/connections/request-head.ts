// The head of a request as it goes over the connection (RFC 9112 sections 3 and 5), byte for byte what it was made of: a path
// is not normalised, and no header is merged or renamed.
import { isFieldValue, isToken } from './http-grammar.ts';

export interface RequestParts {
  readonly method: string;
  readonly target: string;
  /** Flat name-value pairs, without framing. */
  readonly headers: readonly string[];
}

const requestTarget = /^[\x21-\x7e\x80-\xff]+$/;

/**
 * @param bodyBytes undefined: the request has no body
 * @returns latin1, so that each character is the byte that it stands for.
 * @throws TypeError for what would be another request than it says; whoever made the parts should have refused it
 */
export function requestHead(
  { method, target, headers }: RequestParts,
  bodyBytes: number | undefined,
): string {
  if (!isToken(method) || !requestTarget.test(target)) throw new TypeError('no request line');
  let head = `${method} ${target} HTTP/1.1\r\n`;
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    const value = headers[i + 1] as string;
    if (!isToken(name) || !isFieldValue(value)) throw new TypeError('no header');
    head += `${name}: ${value}\r\n`;
  }
  return bodyBytes === undefined ? `${head}\r\n` : `${head}content-length: ${bodyBytes}\r\n\r\n`;
}
