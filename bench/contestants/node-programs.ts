// The proxies that run on Node.js: a program each, made as its documentation recommends.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Contestant, Setting } from './contestant.ts';

export const fastifyHttpProxy = nodeProgram({
  name: 'fastify',
  label: '@fastify/http-proxy',
  packages: ['@fastify/http-proxy', 'fastify'],
  file: 'fastify-http-proxy.js',
});

export const httpProxyMiddleware = nodeProgram({
  name: 'http-proxy-middleware',
  label: 'http-proxy-middleware behind Hono',
  packages: ['http-proxy-middleware', 'hono'],
  file: 'http-proxy-middleware.js',
});

export const honoProxy = nodeProgram({
  name: 'hono',
  label: "Hono's proxy helper",
  packages: ['hono'],
  file: 'hono-proxy.js',
});

function nodeProgram(options: {
  name: string;
  label: string;
  packages: readonly string[];
  file: string;
}): Contestant {
  const { name, label, packages } = options;
  const file = fileURLToPath(new URL(`programs/${options.file}`, import.meta.url));
  return {
    name,
    label,
    note: 'no access log',
    prepare: async ({ upstream }: Setting) => ({
      version: packages.map((one) => `${one} ${versionOf(one)}`).join(', '),
      command: (port) => ({
        program: process.execPath,
        args: [file, String(port), upstream.origin, upstream.identity.token],
        env: { NODE_ENV: 'production', NODE_EXTRA_CA_CERTS: upstream.identity.caFile },
      }),
    }),
  };
}

function versionOf(name: string): string {
  const file = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')).version;
}
