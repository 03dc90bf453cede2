// Node's agents over our own way to open a connection: for the stream lane and the login.
import http from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { OpenSocket } from './upstream-socket.ts';

export interface Agents {
  /** @param protocol `http:` or `https:` */
  agent(protocol: string): http.Agent;
  /** Ends all connections at once. */
  destroy(): void;
}

/** Not kept alive: neither an upload nor a login is sent again if it meets a connection that was closed under us. */
export function agentsFor(openSocket: OpenSocket): Agents {
  const byHttp = opening(new http.Agent({ keepAlive: false }), openSocket, 'http:');
  const byHttps = opening(new https.Agent({ keepAlive: false }), openSocket, 'https:');
  return {
    agent: (protocol) => (protocol === 'http:' ? byHttp : byHttps),
    destroy: () => {
      byHttp.destroy();
      byHttps.destroy();
    },
  };
}

function opening<A extends http.Agent>(agent: A, openSocket: OpenSocket, protocol: string): A {
  agent.createConnection = (options, opened) => {
    const { host, port } = options as { host?: string; port?: string | number };
    const defaultPort = protocol === 'http:' ? 80 : 443;
    openSocket(
      {
        protocol,
        hostname: host ?? 'localhost',
        port: Number(port) === defaultPort ? '' : String(port ?? ''),
      },
      (error, socket) => {
        if (error) opened?.(error, undefined as unknown as Socket);
        else opened?.(null, socket);
      },
    );
    return undefined;
  };
  return agent;
}
