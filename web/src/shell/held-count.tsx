import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useEffect, useMemo } from 'react';
import { approvalsQuery } from '../api/queries.ts';
import type { Approval } from '../api/types.ts';
import { Shape } from '../parts/verdict.tsx';
import { words } from '../text.ts';
import { useIsSomebodyHere } from './presence.ts';
import { mayDecide, seesAll, useViewer } from './viewer.ts';

/** How often an inbox asks. Who sees everybody's approvals is put on the audit trail with each look, so they look less often. */
export function useInboxPace(): number | false {
  const pace = seesAll(useViewer()) ? 15_000 : 2_000;
  return useIsSomebodyHere() ? pace : false;
}

/** All that waits for an answer, however much was asked since: whoever must answer has to see each. */
export function useOpenApprovals(): readonly Approval[] {
  const { data, hasNextPage, isFetching, fetchNextPage } = useInfiniteQuery({ ...approvalsQuery('open'), refetchInterval: useInboxPace() });
  useEffect(() => {
    if (hasNextPage && !isFetching) void fetchNextPage();
  }, [hasNextPage, isFetching, fetchNextPage]);
  return useMemo(() => data?.pages.flatMap(({ items }) => items) ?? [], [data]);
}

function useHeld(): number {
  const me = useViewer();
  return useOpenApprovals().filter((approval) => mayDecide(me, approval) === 'yes').length;
}

/** The way to what waits, where the other ways are folded away: on a phone nothing else would tell an approver. */
export function HeldLink() {
  if (useHeld() === 0) return null;
  return (
    <Link to="/approvals" className="mr-3 ml-auto flex min-h-7 items-center no-underline">
      <HeldCount />
    </Link>
  );
}

/** What waits for this viewer's answer, beside the way to it. */
export function HeldCount() {
  const mine = useHeld();
  if (mine === 0) return null;
  return (
    <span className="inline-flex items-center gap-1 bg-held-tint px-1.5 text-held" title={words.approvals.waitForYou(mine)}>
      <Shape mark="held" size={10} />
      {mine}
      <span className="sr-only">{words.approvals.waitForYou(mine)}</span>
    </span>
  );
}
