// What a failure of the connection to Salesforce is called, and whether the request may have arrived.
import { ProxyError } from '../errors.ts';
import { MalformedAnswer } from './answer-head.ts';

/** A failure to connect and a timeout come as ProxyErrors already. */
export function upstreamError(error: unknown, host: string): ProxyError {
  if (error instanceof ProxyError) return error;
  if (error instanceof MalformedAnswer) {
    return new ProxyError(
      'upstream_broken',
      `The answer of ${host} is no HTTP that can be passed on: ${error.message}. Salesforce may have executed the request.`,
      { cause: error, requestMayHaveArrived: true },
    );
  }
  const { code = '', message = String(error) } = error as { code?: string; message?: string };
  return new ProxyError(
    'upstream_broken',
    `The connection to ${host} broke before the answer was there (${code || message}). Whether Salesforce has executed the request is not known.`,
    { cause: error, requestMayHaveArrived: true },
  );
}

export function responseTimeout(host: string): ProxyError {
  return new ProxyError(
    'upstream_timeout',
    `${host} did not answer within upstream.response_timeout. Whether Salesforce has executed the request is not known.`,
    { requestMayHaveArrived: true },
  );
}
