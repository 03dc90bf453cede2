// May this client do this? The rules and the judgement are in policy/; here they meet a request.
import { ProxyError } from '../errors.ts';
import type { ReplayBody } from '../forward/replay-body.ts';
import { isNamed } from '../header-name.ts';
import { isMethodOverride } from '../policy/http-methods.ts';
import { type JudgedRequest, judge, needsBody, type Policy } from '../policy/policy.ts';
import type { Call, Middleware } from './call.ts';

export function enforcePolicy(): Middleware {
  return function enforcePolicy(call) {
    const policy = call.client?.policy ?? call.org.policy;
    if (needsBody(policy, call.target)) return enforceOnBody(policy, call);
    enforce(policy, judgedRequest(call));
    return undefined;
  };
}

async function enforceOnBody(policy: Policy, call: Call): Promise<undefined> {
  const body = judgedBody(await call.holdBody());
  enforce(policy, { ...judgedRequest(call), body });
}

function enforce(policy: Policy, request: JudgedRequest): void {
  const verdict = judge(policy, request);
  if (!verdict.allowed) throw new ProxyError(verdict.code, verdict.reason);
}

function judgedBody(body: ReplayBody): Buffer | 'too_large' {
  return body.isWhole ? body.bytes : 'too_large';
}

/** A header that is given twice is judged as both. */
function judgedRequest({ incoming, target }: Call): JudgedRequest {
  const { method = '', rawHeaders } = incoming;
  const methodOverrides: string[] = [];
  const contentTypes: string[] = [];
  const contentEncodings: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    if (isMethodOverride(name)) methodOverrides.push(value);
    else if (isNamed(name, 'content-type')) contentTypes.push(value);
    else if (isNamed(name, 'content-encoding')) contentEncodings.push(value);
  }
  return {
    method,
    target,
    methodOverrides,
    contentType: joined(contentTypes),
    contentEncoding: joined(contentEncodings),
  };
}

function joined(values: readonly string[]): string | undefined {
  return values.length === 0 ? undefined : values.join(', ');
}
