// All who take part, in the order of the table.
import type { Contestant } from './contestant.ts';
import { goReverseProxy } from './go-reverse-proxy.ts';
import { haproxy } from './haproxy.ts';
import { nginx } from './nginx.ts';
import { fastifyHttpProxy, honoProxy, httpProxyMiddleware } from './node-programs.ts';
import { ours, oursBare } from './ours.ts';

export const contestants: readonly Contestant[] = [
  ours,
  oursBare,
  nginx,
  haproxy,
  goReverseProxy,
  fastifyHttpProxy,
  httpProxyMiddleware,
  honoProxy,
];
