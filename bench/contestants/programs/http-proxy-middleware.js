// The process of the contestant "http-proxy-middleware". In JavaScript: see fastify-http-proxy.js.
import { Agent } from 'node:https';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { createHonoProxyMiddleware } from 'http-proxy-middleware/hono';

const [port, target, token] = process.argv.slice(2);
const app = new Hono();
app.use(
  '*',
  createHonoProxyMiddleware({
    target,
    changeOrigin: true,
    secure: true,
    agent: new Agent({ keepAlive: true }),
    headers: { authorization: `Bearer ${token}` },
  }),
);
serve({ fetch: app.fetch, port: Number(port), hostname: '127.0.0.1' });
