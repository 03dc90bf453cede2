// The last line of defence for text that we did not write ourselves (an error description, a path, a SOAP fault that echoes
// the session id): whatever looks like a session, an assertion or a client key is cut out. Shapes: salesforce-facts, sections 1 and 2.

// The exclamation mark may be escaped for a URL, for XML or for JSON.
const sessionId = /00D[A-Za-z0-9]{12,15}(?:!|%21|&#33;|&#x21;|\\u0021)[A-Za-z0-9._%-]+/gi;
const jsonWebToken = /eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9._-]+/g;
// middleware/client-key.ts
const clientKey = /sfap_[A-Za-z0-9_-]{20,}/gi;

// How each of them begins: most text holds none, and one look tells.
const beginning = /00D|eyJ|sfap_/i;

export function redactTokens(text: string): string {
  if (!beginning.test(text)) return text;
  return [sessionId, jsonWebToken, clientKey].reduce(
    (kept, secret) => kept.replace(secret, '[redacted]'),
    text,
  );
}
