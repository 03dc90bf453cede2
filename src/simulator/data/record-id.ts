// Salesforce record ids: 15 case-sensitive characters, or 18 with a checksum that makes them safe to compare without case.
// Authority: the algorithm published in "Object Reference: ID field type".

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const checksumDigits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** The n-th 18-character id of a three-character key prefix. */
export function recordId(keyPrefix: string, n: number): string {
  let rest = n;
  let serial = '';
  while (rest > 0) {
    serial = digits.charAt(rest % 62) + serial;
    rest = Math.floor(rest / 62);
  }
  return toId18(keyPrefix + serial.padStart(12, '0'));
}

export function toId18(id15: string): string {
  let checksum = '';
  for (let block = 0; block < 15; block += 5) {
    let bits = 0;
    for (let i = 0; i < 5; i += 1) {
      if (/[A-Z]/.test(id15.charAt(block + i))) bits |= 1 << i;
    }
    checksum += checksumDigits.charAt(bits);
  }
  return id15 + checksum;
}

/** Either form of an id as its 18 characters; undefined for what is no id at all. */
export function normalizeId(id: string): string | undefined {
  return /^([a-zA-Z0-9]{15}|[a-zA-Z0-9]{18})$/.test(id) ? toId18(id.slice(0, 15)) : undefined;
}
