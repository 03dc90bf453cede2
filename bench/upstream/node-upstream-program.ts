// The process of node-upstream.ts.
import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { makeToken } from '../identity.ts';
import type { NodeUpstreamArguments } from './node-upstream.ts';
import {
  createdAnswer,
  deadSessionAnswer,
  fileType,
  jsonType,
  makeFile,
  paths,
  queryAnswer,
  salesforceHeaders,
  tokenAnswer,
} from './salesforce-answers.ts';

interface Session {
  readonly token: string;
  accepted: number;
  firstUsedMs: number;
}

/** None ends before all who waited for it have been heard, however slow the machine is. */
const leastAccepted = 200;

const options: NodeUpstreamArguments = JSON.parse(process.argv[2] ?? '{}');
const host = `127.0.0.1:${options.port}`;
const origin = `https://${host}`;
const fixedHeaders = salesforceHeaders.flat();

/** As Salesforce does it: a login gets the session that lives, and a new one only after its end. */
let session: Session = { token: options.token, accepted: 0, firstUsedMs: 0 };
const files = new Map<string, Buffer>();

createServer(
  {
    cert: readFileSync(options.caFile),
    key: readFileSync(options.tlsKeyFile),
    minVersion: 'TLSv1.3',
    keepAliveTimeout: 3_600_000,
    requestTimeout: 0,
  },
  (req, res) => {
    // All of it is read before it is answered.
    req.on('end', () => answer(req, res)).resume();
  },
).listen({ port: options.port, host: '127.0.0.1', backlog: 4096 });

function answer(req: IncomingMessage, res: ServerResponse): void {
  const { url = '', headers } = req;
  if (url === paths.token) {
    if (!isAlive()) session = { token: makeToken(), accepted: 0, firstUsedMs: 0 };
    send(res, 200, tokenAnswer(session.token, origin));
  } else if (headers.host !== host || headers.authorization === undefined) {
    send(res, 421, 'wrong Host or no session');
  } else if (headers.authorization !== `Bearer ${session.token}` || !isAlive()) {
    send(res, 401, deadSessionAnswer);
  } else {
    if (session.accepted === 0) session.firstUsedMs = performance.now();
    session.accepted += 1;
    serve(url, res);
  }
}

function serve(url: string, res: ServerResponse): void {
  if (url === paths.query) send(res, 200, queryAnswer);
  else if (url === paths.record) send(res, 201, createdAnswer);
  else if (url === paths.upload) send(res, 201, '');
  else if (url.endsWith('/VersionData')) send(res, 200, fileAt(url), fileType);
  else send(res, 200, '[]');
}

function isAlive(): boolean {
  const { sessionMs } = options;
  if (sessionMs === undefined || session.accepted < leastAccepted) return true;
  return performance.now() - session.firstUsedMs < sessionMs;
}

function fileAt(url: string): Buffer {
  const known = files.get(url) ?? makeFile(Number(url.split('/').at(-2)));
  files.set(url, known);
  return known;
}

function send(res: ServerResponse, status: number, body: string | Buffer, type = jsonType): void {
  const length = String(Buffer.byteLength(body));
  res.writeHead(status, [...fixedHeaders, 'Content-Type', type, 'Content-Length', length]);
  res.end(body);
}
