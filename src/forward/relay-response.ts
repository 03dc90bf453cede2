// Sends an answer of Salesforce to the client as it came: status, reason, headers and body.
import type { ServerResponse } from 'node:http';
import { ProxyError } from '../errors.ts';
import { isNamed } from '../header-name.ts';
import type { Api } from '../salesforce/session-carrier.ts';
import { type ResponseHeadersOptions, responseHeaders } from './response-headers.ts';
import type { InterimAnswer, UpstreamAnswer } from './upstream-answer.ts';

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
    // An error says more than a connection that ends without a byte, which some clients take for a request that was lost.
    if (answer.isBroken) throw new Error('It broke before any of it was sent.');
    if (answer.status < 200) throw new RangeError(`status ${answer.status}`);
    res.writeHead(answer.status, answer.reason, headers);
  } catch (error) {
    answer.discard();
    // Node has kept it, and would refuse our own answer for it.
    res.statusMessage = '';
    throw new ProxyError(
      'upstream_broken',
      `${new URL(options.instanceOrigin).host} broke off its answer, or the HTTP protocol in it. Whether Salesforce has executed the request is not known.`,
      { cause: error, requestMayHaveArrived: true },
    );
  }
  answer.sendTo(res);
}

/**
 * Passes on an interim answer (RFC 9110 section 15.2); 100 is our own affair with the client. Written past Node, which knows
 * the header `Link` only, and throws for one that it does not understand.
 */
export function relayInformation(
  { status, reason, rawHeaders }: InterimAnswer,
  res: ServerResponse,
  api: Api,
): void {
  // A pipelined answer whose turn has not come has no socket: an interim one may be left out.
  if (status <= 101 || res.headersSent || !res.socket || res.req.httpVersionMinor === 0) return;
  const lines = [`HTTP/1.1 ${status} ${reason}`];
  const headers = responseHeaders(rawHeaders, {
    api,
    instanceOrigin: '',
    ownOrigin: '',
    requestId: undefined,
    corsHeaders: undefined,
  });
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string;
    // It has no body whose length there could be: RFC 9110 section 8.6.
    if (!isNamed(name, 'content-length')) lines.push(`${name}: ${headers[i + 1]}`);
  }
  res.socket.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}
