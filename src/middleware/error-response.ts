// The only place where an error becomes an HTTP answer: in Salesforce's own shape, so that every client library can show it,
// and marked, so that a person can tell whose it is.
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { ProxyError } from '../errors.ts';
import { currentAnswer, cut } from '../forward/client-end.ts';
import { ClientGone } from '../forward/client-presence.ts';
import { redactTokens } from '../salesforce/redact.ts';

/** Any error as one of ours: what is none is a bug. */
export function asProxyError(error: unknown): ProxyError {
  if (error instanceof ProxyError) return error;
  return new ProxyError('internal', 'A fault of the proxy itself; its log says more.', {
    cause: error,
  });
}

/** @param ownHeaders flat name-value pairs that every answer to this request has */
export function sendError(
  req: IncomingMessage,
  res: ServerResponse,
  error: unknown,
  ownHeaders: readonly string[],
): void {
  // What has been sent cannot be mended, and nothing may be appended to it.
  if (error instanceof ClientGone || res.destroyed || res.headersSent) {
    cut(res);
    return;
  }
  const failure = asProxyError(error);
  const { type, body } = errorBody(req, failure);
  const headers = [
    ...['content-type', type],
    ...['content-length', String(Buffer.byteLength(body))],
    ...['cache-control', 'no-store'],
    ...['x-content-type-options', 'nosniff'],
    ...['x-proxy-error', failure.code],
    ...ownHeaders,
  ];
  if (failure.retryAfterSeconds !== undefined) {
    headers.push('retry-after', String(failure.retryAfterSeconds));
  }
  if (failure.code === 'client_unauthorized') {
    headers.push('www-authenticate', 'Bearer realm="sf-auth-proxy"');
  }
  // A client that waits for "100 Continue" may or may not send its body now: only closing makes that clear to both.
  if (req.headers.expect !== undefined && !req.complete) headers.push('connection', 'close');
  res.sendDate = true;
  res.writeHead(failure.status, STATUS_CODES[failure.status], headers);
  res.end(body);
}

function errorBody(req: IncomingMessage, error: ProxyError): { type: string; body: string } {
  const errorCode = `PROXY_${error.code.toUpperCase()}`;
  // It may quote what was sent to us: a path, a host.
  const message = redactTokens(error.message);
  if (/^\/+services\/+Soap(\/|$)/.test(req.url ?? '')) {
    return { type: 'text/xml; charset=UTF-8', body: soapFault(errorCode, message) };
  }
  const accept = req.headers.accept ?? '';
  if (/\bxml\b/.test(accept) && !/\bjson\b/.test(accept)) {
    return {
      type: 'application/xml; charset=UTF-8',
      body: `<?xml version="1.0" encoding="UTF-8"?><Errors><Error><errorCode>${errorCode}</errorCode><message>${escapeXml(message)}</message></Error></Errors>`,
    };
  }
  return {
    type: 'application/json; charset=UTF-8',
    body: JSON.stringify([{ errorCode, message }]),
  };
}

function soapFault(errorCode: string, message: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:sf="urn:fault.partner.soap.sforce.com"><soapenv:Body><soapenv:Fault><faultcode>sf:${errorCode}</faultcode><faultstring>${errorCode}: ${escapeXml(message)}</faultstring></soapenv:Fault></soapenv:Body></soapenv:Envelope>`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** For what Node's parser refused: there is no request to answer, only a connection to end. */
export function sendRawError(error: NodeJS.ErrnoException | ProxyError, socket: Duplex): void {
  if (!socket.writable || error.code === 'ECONNRESET' || owesAnswer(socket)) {
    socket.destroy();
    return;
  }
  const failure = error instanceof ProxyError ? error : parserError(error.code);
  const errorCode = `PROXY_${failure.code.toUpperCase()}`;
  const body = JSON.stringify([{ errorCode, message: failure.message }]);
  socket.end(
    [
      `HTTP/1.1 ${failure.status} ${STATUS_CODES[failure.status]}`,
      'Content-Type: application/json; charset=UTF-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `x-proxy-error: ${failure.code}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
    // A peer that does not read this must not keep the connection.
    () => socket.destroy(),
  );
}

/**
 * An answer has begun, or is still due to a request that came whole: what cannot be read came after it, and an error put here
 * would be taken for a part of that answer, or for the whole.
 */
function owesAnswer(socket: Duplex): boolean {
  const answer = currentAnswer(socket);
  return answer !== undefined && (answer.headersSent || answer.req.complete);
}

function parserError(code: string | undefined): ProxyError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new ProxyError(
      'headers_too_large',
      'The request target and headers are larger than 32 KiB; Salesforce itself takes 16 KiB.',
    );
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new ProxyError('bad_request', 'The head of the request did not come within 60 s.');
  }
  return new ProxyError('bad_request', `This is not HTTP/1.1 (${code ?? 'unreadable'}).`);
}
