import type { SessionItem, Visibility } from '../archive/items.ts';
import type { Principal } from '../core/principal.ts';
import type { ApprovalViewer } from '../stages/approvals/approval.ts';

/**
 * Who may call a route. `known`: everybody with a token or a sign-in, about themselves. `own-list`: everybody with a token, and the answer holds what they may see. `own-session`: the
 * session in the path must be theirs. With the role admin or auditor both hold everybody's. `own-run`: the same of a run. `own-approval`: the approval in the
 * path must be theirs, or ask a group of theirs, or they have one of those roles; who may decide it is another question.
 * `auditor`: those two roles only. `auditors-session`: the role auditor alone, for the session in the path. `admin-changes`: those two roles look, and admins change something, as persons and not by an agent. `page`: anybody, for the console's own files, which hold nothing of the record. `signed`: no token, but the sender's signature over the very bytes, which the route checks.
 */
export type Access =
  | 'public'
  | 'page'
  | 'known'
  | 'own-list'
  | 'own-session'
  | 'own-run'
  | 'own-approval'
  | 'auditor'
  | 'auditors-session'
  | 'admin-changes'
  | 'signed';

/** Every route of the API; one that is missing here keeps the API from starting. HEAD follows GET. */
export const accessByRoute = {
  '/': 'page',
  '/assets/*': 'page',
  '/healthz': 'public',
  '/readyz': 'public',
  '/metrics': 'public',
  '/api/v1/openapi.json': 'public',
  '/api/v1/login/issuers': 'public',
  '/api/v1/login': 'public',
  '/api/v1/login/callback': 'public',
  '/api/v1/me': 'known',
  '/api/v1/logout': 'known',
  '/api/v1/sessions': 'own-list',
  '/api/v1/sessions/:id': 'own-session',
  '/api/v1/sessions/:id/exchanges': 'own-session',
  '/api/v1/sessions/:id/recording': 'own-session',
  '/api/v1/sessions/:id/export': 'own-session',
  '/api/v1/sessions/:id/originals': 'auditors-session',
  '/api/v1/sessions/:id/live': 'own-session',
  '/api/v1/sessions/:id/terminate': 'own-session',
  '/api/v1/exchanges': 'own-list',
  '/api/v1/exchanges/facets': 'own-list',
  '/api/v1/exchanges/fields': 'known',
  '/api/v1/overview': 'own-list',
  '/api/v1/runs': 'own-list',
  '/api/v1/runs/:id': 'own-run',
  '/api/v1/runs/:id/exchanges': 'own-run',
  '/api/v1/runs/:id/story': 'own-run',
  '/api/v1/runs/:id/terminate': 'own-run',
  '/api/v1/approvals': 'own-list',
  '/api/v1/approvals/:id': 'own-approval',
  '/api/v1/slack/interactions': 'signed',
  '/api/v1/audit': 'auditor',
  '/api/v1/connections': 'admin-changes',
  '/api/v1/connections/:name': 'admin-changes',
  '/api/v1/connections/test': 'admin-changes',
  '/api/v1/connections/:name/test': 'admin-changes',
  '/api/v1/protocols': 'auditor',
  '/api/v1/masking': 'auditor',
  '/api/v1/masking/try': 'auditor',
  '/api/v1/retention': 'auditor',
  '/api/v1/proof': 'auditor',
  '/api/v1/policies': 'auditor',
  '/api/v1/policies/versions': 'auditor',
  '/api/v1/policies/versions/:version': 'auditor',
  '/api/v1/policies/check': 'auditor',
  '/api/v1/policies/test': 'auditor',
} as const satisfies { readonly [url: string]: Access };

export function accessOf(url: string | undefined): Access | null {
  return url !== undefined && Object.hasOwn(accessByRoute, url) ? accessByRoute[url as keyof typeof accessByRoute] : null;
}

/** The console's roles, each by the groups that hold it. */
export interface Roles {
  readonly admin: readonly string[];
  readonly auditor: readonly string[];
  readonly reviewer: readonly string[];
}

/** The roles that somebody's groups give them. */
export function rolesOf({ groups }: Principal, roles: Roles): (keyof Roles)[] {
  return (['admin', 'auditor', 'reviewer'] as const).filter((role) => groups.some((group) => roles[role].includes(group)));
}

/** Who calls, and whose records they may see. */
export interface Viewer {
  readonly principal: Principal;
  readonly visibility: Visibility;
}

export function viewerOf(principal: Principal, roles: Roles): Viewer {
  const held = rolesOf(principal, roles);
  const seesAll = held.includes('admin') || held.includes('auditor');
  return { principal, visibility: seesAll ? 'all' : { issuer: principal.issuer, subject: principal.subject } };
}

/** Which approvals a viewer may see: an agent sees its person's own, and not what people of the person's groups are asked. */
export function approvalViewer({ principal, visibility }: Viewer): ApprovalViewer {
  const { issuer, subject, groups, agent } = principal;
  return { issuer, subject, groups: agent === null ? groups : [], all: visibility === 'all' };
}

/** Subjects are unique within their issuer only (OpenID Connect Core section 2), so both must be equal. */
export function maySee(viewer: Viewer, session: SessionItem): boolean {
  return viewer.visibility === 'all' || isOwn(viewer, session);
}

export function isOwn({ principal }: Viewer, session: SessionItem): boolean {
  const owner = session.principal;
  return owner !== null && owner.issuer === principal.issuer && owner.subject === principal.subject;
}
