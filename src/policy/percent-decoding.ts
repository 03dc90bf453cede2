// One level of percent-decoding, to bytes and without complaint: a judge has to see what the most lenient
// server would see. Authority: RFC 3986 section 2.1; what decoders really do is wider than that.

/**
 * Each `%XX` becomes the character with that byte's code (so text is a string of bytes, not of code points);
 * a `%` that starts no escape stays, as lenient decoders leave it.
 */
export function decodePercentOnce(text: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
