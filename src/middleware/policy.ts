// May this client do this? The rules and the judgement are in policy/; here they meet a request.
import type { IncomingMessage } from 'node:http';
import type { MiddlewareHandler } from 'hono';
import { ProxyError } from '../errors.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import { isMethodOverride } from '../policy/http-methods.ts';
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
      methodOverrides: methodOverrides(incoming),
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

function methodOverrides({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_, i) => i % 2 === 1 && isMethodOverride(rawHeaders[i - 1] ?? ''));
}

/** A header that is given twice is judged as both. */
function joined({ headersDistinct }: IncomingMessage, name: string): string | undefined {
  return headersDistinct[name]?.join(', ');
}
