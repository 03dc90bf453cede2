// May this client do this? The rules and the judgement are in policy/; here they meet a request.
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import { methodOverrideHeaders } from '../policy/http-methods.ts';
import { judge, needsBody } from '../policy/policy.ts';
import type { ProxyEnv } from './proxy-env.ts';

export function enforcePolicy(): MiddlewareHandler<ProxyEnv> {
  return async function enforcePolicy(c, next) {
    const { incoming } = c.env;
    const { target, client, org, holdBody } = c.var;
    const policy = client?.policy ?? org.policy;
    const verdict = judge(policy, {
      method: incoming.method ?? '',
      target,
      methodOverrides: methodOverrideHeaders.flatMap((name) => values(incoming, name)),
      contentType: joined(incoming, 'content-type'),
      contentEncoding: joined(incoming, 'content-encoding'),
      ...(needsBody(policy, target) && { body: judgedBody(await holdBody()) }),
    });
    if (!verdict.allowed) throw new ProxyError(verdict.code, verdict.reason);
    await next();
  };
}

function judgedBody(body: ReplayBody): Buffer | 'too_large' {
  return body.isWhole ? body.bytes : 'too_large';
}

function values({ headersDistinct }: IncomingMessage, name: string): string[] {
  return headersDistinct[name] ?? [];
}

/** A header that is given twice is judged as both. */
function joined(incoming: IncomingMessage, name: string): string | undefined {
  const all = values(incoming, name);
  return all.length === 0 ? undefined : all.join(', ');
}
