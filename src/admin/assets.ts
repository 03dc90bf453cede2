// The files of the dashboard, read once at start: nothing is loaded from elsewhere.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import type { AdminEnv } from './admin-env.ts';

const types = { js: 'text/javascript; charset=utf-8', css: 'text/css; charset=utf-8' } as const;

export function assets(): Hono<AdminEnv> {
  const own = new URL('assets/', import.meta.url);
  const names = readdirSync(own);
  const files: [name: string, file: string | URL][] = [
    ...names.map((name): [string, URL] => [name, new URL(name, own)]),
    // What is built has them among its own: rolldown.config.ts.
    ...(names.includes('uplot.js') ? [] : fromPackage()),
  ];
  const app = new Hono<AdminEnv>().use(etag());
  for (const [name, file] of files) {
    const text = readFileSync(file, 'utf8');
    const type = types[name.endsWith('.css') ? 'css' : 'js'];
    app.get(`/${name}`, (c) =>
      c.body(text, 200, { 'content-type': type, 'cache-control': 'no-cache' }),
    );
  }
  return app;
}

function fromPackage(): [name: string, file: string][] {
  const { resolve } = createRequire(import.meta.url);
  return [
    ['uplot.js', resolve('uplot/dist/uPlot.esm.js')],
    ['uplot.css', resolve('uplot/dist/uPlot.min.css')],
  ];
}
