// The last line of defence for text that we did not write ourselves (an error description, a SOAP fault that echoes the
// session id): whatever looks like a session or an assertion is cut out. Shapes: salesforce-facts, sections 1 and 2.

// The exclamation mark may be escaped for a URL, for XML or for JSON.
const sessionId = /00D[A-Za-z0-9]{12,15}(?:!|%21|&#33;|&#x21;|\\u0021)[A-Za-z0-9._%-]+/gi;
const jsonWebToken = /eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9._-]+/g;

export function redactTokens(text: string): string {
  return text.replace(sessionId, '[redacted]').replace(jsonWebToken, '[redacted]');
}
