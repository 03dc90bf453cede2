// May this request pass? Deny wins over allow, what no rule allows is refused, and what cannot be judged is refused.

import { type PolicyRule, type PresetName, parsePolicyRule } from '../config/policy-rule.ts';
import { ProxyError } from '../errors.ts';
import { type MethodSources, plausibleMethods } from './http-methods.ts';
import { type JudgedBody, parseJudgedJson } from './judged-json.ts';
import { type PolicyRules, presets } from './presets.ts';
import type { RequestTarget } from './request-target.ts';
import { allowsPath, couldReach, coversAll, hasMethod, touchesPath } from './rule.ts';
import { carriesSubRequests, listSubRequests } from './sub-requests.ts';

export interface Policy {
  readonly name: string;
  readonly allow: readonly PolicyRule[];
  readonly deny: readonly PolicyRule[];
  /** Everything below /services/data is allowed, so that no sub-request could be refused. */
  readonly isOpen: boolean;
}

export interface PolicySource extends Partial<PolicyRules> {
  readonly name: string;
  /** Presets whose rules are added to the policy's own. */
  readonly presets?: readonly PresetName[];
}

export interface JudgedRequest extends MethodSources, Partial<JudgedBody> {}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly code: 'policy_denied' | 'body_too_large';
      /** The text of the rule that denies; where none does, a few words that say so. */
      readonly rule: string;
      /** A sentence for the client. */
      readonly reason: string;
    };

/** Throws ProxyError `config_invalid` at the first rule that is none. */
export function compilePolicy(source: PolicySource): Policy {
  const included = (source.presets ?? []).map((name) => presets[name]);
  const sources: readonly Partial<PolicyRules>[] = [...included, source];
  const allow = sources.flatMap((rules) => rules.allow ?? []).map(parsePolicyRule);
  const deny = sources.flatMap((rules) => rules.deny ?? []).map(parsePolicyRule);
  const isOpen =
    allow.some((rule) => coversAll(rule, '/services/data')) &&
    !deny.some((rule) => couldReach(rule, '/services/data'));
  return { name: source.name, allow, deny, isOpen };
}

/**
 * Must the body be held before the request can be judged? Composite requests reach nothing but /services/data, so
 * that under a policy that is open there (`data`, `legacy`) no body is ever held for judging.
 */
export function needsBody(policy: Policy, target: RequestTarget): boolean {
  return !policy.isOpen && carriesSubRequests(target);
}

/** `body` must be there (empty where there is none) if `needsBody` says so: judging without is a TypeError. */
export function judge(policy: Policy, request: JudgedRequest): Verdict {
  const verdict = judgeByRules(policy, request);
  if (!verdict.allowed || !needsBody(policy, request.target)) return verdict;
  try {
    return judgeSubRequests(policy, request);
  } catch (error) {
    if (!(error instanceof ProxyError)) throw error;
    const code = error.code === 'body_too_large' ? error.code : 'policy_denied';
    const why = error.message.replace(/\.$/, '');
    return refusal(policy, code, 'what cannot be judged is refused', why);
  }
}

function judgeSubRequests(policy: Policy, request: JudgedRequest): Verdict {
  const { body } = request;
  if (body === undefined) throw new TypeError('judge() needs the body of this request');
  const json = parseJudgedJson({ ...request, body });
  const carrier = { ...request, bodies: json === undefined ? [] : [json] };
  for (const subRequest of listSubRequests(carrier)) {
    const verdict = judgeByRules(policy, subRequest);
    if (!verdict.allowed) return { ...verdict, reason: `In a sub-request: ${verdict.reason}` };
  }
  return { allowed: true };
}

function judgeByRules(policy: Policy, request: MethodSources): Verdict {
  const { target } = request;
  const methods = plausibleMethods(request);
  const denying = policy.deny.find(
    (rule) => methods.some((method) => hasMethod(rule, method)) && touchesPath(rule, target),
  );
  if (denying !== undefined) {
    return refusal(
      policy,
      'policy_denied',
      denying.text,
      `rule "deny ${denying.text}" matches ${describe(methods, target)}`,
    );
  }
  const missing = methodsNotAllowed(policy, methods, target);
  if (missing.length === 0) return { allowed: true };
  return refusal(
    policy,
    'policy_denied',
    'no rule allows it',
    `no rule allows ${describe(missing, target)}`,
  );
}

/** A rule counts only if it allows every reading of the path; every method that is plausible needs such a rule. */
function methodsNotAllowed(
  policy: Policy,
  methods: readonly string[],
  target: RequestTarget,
): readonly string[] {
  let missing = methods;
  for (const rule of policy.allow) {
    const left = missing.filter((method) => !hasMethod(rule, method));
    if (left.length === missing.length || !allowsPath(rule, target)) continue;
    if (left.length === 0) return left;
    missing = left;
  }
  return missing;
}

function refusal(
  policy: Policy,
  code: 'policy_denied' | 'body_too_large',
  rule: string,
  why: string,
): Verdict {
  return {
    allowed: false,
    code,
    rule,
    reason: `Policy "${policy.name}" refuses the request: ${why}.`,
  };
}

/** Without the query, which may hold personal data. */
function describe(methods: readonly string[], target: RequestTarget): string {
  const path = target.path.length > 200 ? `${target.path.slice(0, 200)}…` : target.path;
  return `${methods.join('/')} ${path}`;
}
