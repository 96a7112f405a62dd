import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { Unreachable } from '../api/client.ts';

const askMs = 3_000;

/** Whether the gateway answers. Once a question went unanswered it is asked again and again, and then all that is shown is fetched anew. */
export function useOnline(): boolean {
  const queries = useQueryClient();
  const [online, setOnline] = useState(true);
  useEffect(
    () =>
      queries.getQueryCache().subscribe(({ query }) => {
        if (query.state.fetchFailureReason instanceof Unreachable) setOnline(false);
      }),
    [queries],
  );
  useEffect(() => {
    if (online) return undefined;
    const timer = setInterval(() => {
      void fetch('/healthz', { cache: 'no-store' }).then(
        (answer) => {
          if (!answer.ok) return;
          setOnline(true);
          void queries.invalidateQueries();
        },
        // No answer is what is being waited out here.
        () => {},
      );
    }, askMs);
    return () => clearInterval(timer);
  }, [online, queries]);
  return online;
}
