import { useEffect, useState } from 'react';
import { serverNow } from '../api/client.ts';
import { lasting } from '../parts/moment.tsx';

/** The gateway's own time, once a second: its clock is the one that counts. */
function useServerNow(): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = setInterval(() => setNow(serverNow()), 1000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

export function TimeLeft({ until }: { readonly until: string }) {
  const left = Date.parse(until) - useServerNow();
  return <span>{lasting(Math.max(0, Math.floor(left / 1000)) * 1000)}</span>;
}
