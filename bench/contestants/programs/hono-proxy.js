// The process of the contestant "hono". In JavaScript: see fastify-http-proxy.js.
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { proxy } from 'hono/proxy';

const [port, origin, token] = process.argv.slice(2);
const app = new Hono();
app.all('*', (c) => {
  const { pathname, search } = new URL(c.req.url);
  return proxy(`${origin}${pathname}${search}`, {
    ...c.req,
    headers: { ...c.req.header(), host: undefined, authorization: `Bearer ${token}` },
  });
});
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });
