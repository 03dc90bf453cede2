// A SOAP request may come compressed (Java WSC does so by default), and the session can only be put into plain XML: it is
// decompressed, within bounds, and goes to Salesforce without its Content-Encoding.
import { promisify } from 'node:util';
import { gunzip, inflate } from 'node:zlib';
import { ProxyError } from '../errors.ts';

const decoders = new Map([
  ['gzip', promisify(gunzip)],
  ['x-gzip', promisify(gunzip)],
  ['deflate', promisify(inflate)],
]);

/** Envelopes shrink to a tenth; what shrinks more is no envelope. */
const mostExpansion = 32;

/** @throws ProxyError `bad_request`, or `body_too_large` for what expands without measure */
export async function plainEnvelope(
  bytes: Buffer,
  contentEncoding: string | undefined,
  limitBytes: number,
): Promise<Buffer> {
  const encoding = contentEncoding?.trim().toLowerCase() ?? '';
  if (encoding === '' || encoding === 'identity' || bytes.length === 0) return bytes;
  const decode = decoders.get(encoding);
  if (!decode) {
    throw new ProxyError(
      'bad_request',
      'This SOAP request has a Content-Encoding that is not understood: send it plain, or as gzip or deflate.',
    );
  }
  try {
    return await decode(bytes, { maxOutputLength: limitBytes * mostExpansion });
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      ? new ProxyError('body_too_large', 'This SOAP request expands to more than can be held.')
      : new ProxyError('bad_request', `This SOAP request is no valid ${encoding}.`, {
          cause: error,
        });
  }
}
