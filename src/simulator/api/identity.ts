// /services/oauth2/userinfo and /id/ORG/USER: who the session belongs to. A dead session is 403 with a text body here.
// Authority: salesforce-facts.md section 2 (`Bad_OAuth_Token`) and section 5 (absolute URLs).

import type { User } from '../login/directory.ts';
import type { OrgState } from '../org-state.ts';
import { jsonReply, textReply } from '../salesforce-response.ts';
import { type Api, readAuthorization } from './api.ts';

export function createIdentity(org: OrgState): Api {
  const plainText = 'text/html;charset=UTF-8';
  return {
    // jsforce's identity() sends the token in the query.
    readToken: (call) => readAuthorization(call) ?? call.query.get('oauth_token') ?? undefined,
    missingToken: () => textReply(403, plainText, 'Missing_OAuth_Token'),
    deadSession: () => textReply(403, plainText, 'Bad_OAuth_Token'),
    handle: (call, { user }) => {
      const [first, orgId, userId] = call.path;
      if (first !== 'id') return jsonReply(200, userInfo(org, user));
      const { id15, id18 } = org.info;
      if (orgId !== id18 && orgId !== id15) return textReply(403, plainText, 'Wrong_Org');
      if (userId !== user.id) return textReply(403, plainText, 'Bad_Id');
      return jsonReply(200, identityOf(org, user));
    },
  };
}

function userInfo(org: OrgState, user: User): Record<string, unknown> {
  return {
    sub: identityUrl(org, user),
    user_id: user.id,
    organization_id: org.info.id18,
    preferred_username: user.username,
    nickname: user.name,
    name: user.name,
    email: user.username,
    email_verified: true,
    zoneinfo: 'Europe/Berlin',
    locale: 'en_US',
    language: 'en_US',
    active: user.active,
    user_type: 'STANDARD',
    urls: urlsOf(org),
  };
}

function identityOf(org: OrgState, user: User): Record<string, unknown> {
  return {
    id: identityUrl(org, user),
    asserted_user: true,
    user_id: user.id,
    organization_id: org.info.id18,
    username: user.username,
    nick_name: user.name,
    display_name: user.name,
    email: user.username,
    active: user.active,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    urls: urlsOf(org),
  };
}

function identityUrl({ location, info }: OrgState, user: User): string {
  return `${location.loginOrigin}/id/${info.id18}/${user.id}`;
}

function urlsOf({ location: { instanceOrigin }, info }: OrgState): Record<string, string> {
  const soap = (kind: string) => `${instanceOrigin}/services/Soap/${kind}/{version}/${info.id15}`;
  const rest = `${instanceOrigin}/services/data/v{version}/`;
  return {
    enterprise: soap('c'),
    metadata: soap('m'),
    partner: soap('u'),
    rest,
    sobjects: `${rest}sobjects/`,
    search: `${rest}search/`,
    query: `${rest}query/`,
    recent: `${rest}recent/`,
    custom_domain: instanceOrigin,
  };
}
