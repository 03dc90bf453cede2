// The control over plain HTTP on loopback, for another process or a shell: `POST /endSessions` with JSON arguments, JSON back.
// An array is the list of arguments, anything else the only one. A port of its own, so that no API client ever reaches it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { OrgControl } from './control.ts';

export interface ControlListener {
  readonly origin: string;
  close(): Promise<void>;
}

export async function openControlListener(control: OrgControl): Promise<ControlListener> {
  const server = createServer((request, response) => {
    answer(control, request, response).catch((error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      sendJson(response, 400, { error: message });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  control: OrgControl,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // A web page in the user's browser can reach loopback as well; it always says so.
  if (request.headers.origin !== undefined) {
    sendJson(response, 403, { error: 'not for browsers' });
    return;
  }
  const name = (request.url ?? '/').slice(1).split('?')[0] ?? '';
  if (name === '') {
    sendHelp(control, request, response);
    return;
  }
  if (!Object.hasOwn(control, name)) {
    sendJson(response, 404, { error: `no method ${name}; GET / lists them` });
    return;
  }
  if (request.method !== 'POST') {
    response.setHeader('Allow', 'POST');
    sendJson(response, 405, { error: `use POST /${name}` });
    return;
  }
  const method = control[name as keyof OrgControl] as (...args: unknown[]) => unknown;
  const result = await method(...parseArguments(await text(request)));
  sendJson(response, 200, result ?? null);
}

function parseArguments(body: string): unknown[] {
  if (body.trim() === '') return [];
  const value: unknown = JSON.parse(body);
  return Array.isArray(value) ? value : [value];
}

function sendHelp(control: OrgControl, request: IncomingMessage, response: ServerResponse): void {
  const lines = Object.keys(control).map(
    (name) => `curl -X POST http://${request.headers.host}/${name}`,
  );
  const help = `Control of the simulated org. Arguments are the JSON body of the POST.\n\n${lines.join('\n')}\n`;
  response.setHeader('Content-Type', 'text/plain;charset=UTF-8');
  response.end(help);
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.statusCode = status;
  response.setHeader('Content-Type', 'application/json');
  response.end(`${JSON.stringify(value)}\n`);
}
