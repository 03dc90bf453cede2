// What a name and a value of a header are made of (RFC 9110 sections 5.1, 5.5 and 5.6.2), each byte as the latin1 character
// of its code.

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;
const fieldLines = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

/** A method is one as well. */
export function isToken(text: string): boolean {
  return token.test(text);
}

export function isFieldValue(text: string): boolean {
  return fieldValue.test(text);
}

/** All lines of a head at once, which costs less than each name and value by itself; a line end before each. */
export function areFieldLines(text: string): boolean {
  return fieldLines.test(text);
}
