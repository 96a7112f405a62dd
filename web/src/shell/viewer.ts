import { queryOptions, useSuspenseQuery } from '@tanstack/react-query';
import { getJson, keepForgeryToken } from '../api/client.ts';
import type { Approval, Me, Session } from '../api/types.ts';

export const viewerQuery = queryOptions({
  queryKey: ['me'],
  queryFn: async ({ signal }) => {
    const me = await getJson<Me>('/api/v1/me', {}, signal);
    keepForgeryToken(me.signIn?.csrf ?? null);
    return me;
  },
  staleTime: 60_000,
});

/** Who is looking. The shell has asked before any page is drawn. */
export function useViewer(): Me {
  return useSuspenseQuery(viewerQuery).data;
}

/** Whether the viewer sees everybody's records, and not only their own. */
export function seesAll({ sees }: Me): boolean {
  return sees === 'all';
}

export function isOwn(me: Me, { principal }: Session): boolean {
  return principal !== null && principal.issuer === me.principal.issuer && principal.subject === me.principal.subject;
}

/** Whether the gateway would count this viewer's answer. It decides; this only spares a press that cannot count. */
export function mayDecide(me: Me, approval: Approval): 'yes' | 'own' | 'agent' | 'stranger' {
  const { principal } = me;
  if (principal.agent !== null) return 'agent';
  const { requester } = approval;
  const sameAccount = requester.issuer === principal.issuer && requester.subject === principal.subject;
  const sameMail = requester.email !== null && requester.email.toLowerCase() === principal.email?.toLowerCase();
  if (sameAccount || sameMail) return 'own';
  return approval.groups.some((group) => principal.groups.includes(group)) ? 'yes' : 'stranger';
}

/** Where a role begins its day: what is going on, whether the record is whole, who waits, and one's own. */
export function homeOf({ roles }: Me): '/overview' | '/approvals' | '/proof' | '/sessions' {
  if (roles.includes('admin')) return '/overview';
  if (roles.includes('auditor')) return '/proof';
  return roles.includes('reviewer') ? '/approvals' : '/sessions';
}
