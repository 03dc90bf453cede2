// What a failure of the connection to Salesforce is called, and whether the request may have arrived.
import { ProxyError } from '../errors.ts';

const timeouts = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);

/** A failure to connect comes as a ProxyError already: see upstream-socket.ts. */
export function upstreamError(error: unknown, host: string): ProxyError {
  if (error instanceof ProxyError) return error;
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  if (timeouts.has(code)) return responseTimeout(host, error);
  return new ProxyError(
    'upstream_broken',
    `The connection to ${host} broke before the answer was there (${code || message}). Whether Salesforce has executed the request is not known.`,
    { cause: error, requestMayHaveArrived: true },
  );
}

export function responseTimeout(host: string, cause?: unknown): ProxyError {
  return new ProxyError(
    'upstream_timeout',
    `${host} did not answer within upstream.response_timeout. Whether Salesforce has executed the request is not known.`,
    { cause, requestMayHaveArrived: true },
  );
}
