// Sends an answer of Salesforce to the client as it came: status, reason, headers and body.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import { type ResponseHeadersOptions, responseHeaders } from './response-headers.ts';
import type { UpstreamAnswer } from './upstream-answer.ts';

export interface RelayOptions extends ResponseHeadersOptions {
  /** Our own headers, added to the answer's. */
  readonly ownHeaders: readonly string[];
}

/** @throws ProxyError `upstream_broken` for a head that no HTTP client may be given */
export function relayResponse(
  answer: UpstreamAnswer,
  res: ServerResponse,
  options: RelayOptions,
): void {
  const headers = responseHeaders(answer.rawHeaders, options);
  headers.push(...options.ownHeaders);
  // What Salesforce did not send, we do not make up.
  res.sendDate = false;
  try {
    if (answer.status < 200) throw new RangeError(`status ${answer.status}`);
    res.writeHead(answer.status, answer.reason, headers);
  } catch (error) {
    answer.discard();
    throw new ProxyError(
      'upstream_broken',
      `${new URL(options.instanceOrigin).host} broke the HTTP protocol in the head of its answer.`,
      { cause: error, requestMayHaveArrived: true },
    );
  }
  answer.sendTo(res);
}

/** Passes on an interim answer (RFC 9110 section 15.2); 100 is our own affair with the client. */
export function relayInformation(
  res: ServerResponse,
  status: number,
  rawHeaders: readonly string[],
): void {
  if (res.headersSent || res.req.httpVersionMinor === 0) return;
  if (status === 102) res.writeProcessing();
  if (status !== 103) return;
  const link = rawHeaders.flatMap((value, i) =>
    i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === 'link' ? [value] : [],
  );
  if (link.length > 0 && !link.some((value) => value.includes('sid='))) {
    res.writeEarlyHints({ link });
  }
}
