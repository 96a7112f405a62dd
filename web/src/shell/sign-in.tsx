import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { addressOf, getJson } from '../api/client.ts';
import type { LoginIssuers } from '../api/types.ts';
import { Fault, Loading } from '../parts/states.tsx';
import { words } from '../text.ts';

/** The one page for nobody: where to say who one is. The gateway takes it from there. */
export function SignIn() {
  const { return: wanted = '/', code } = useSearch({ from: '/sign-in' });
  const issuers = useQuery({ queryKey: ['issuers'], queryFn: ({ signal }) => getJson<LoginIssuers>('/api/v1/login/issuers', {}, signal) });
  return (
    <main className="grid h-full place-items-center p-6">
      <div className="w-full max-w-sm">
        <h1 className="text-page font-semibold">{words.product}</h1>
        <p className="mt-1 text-prose text-quiet">{words.signIn.claim}</p>
        {code !== undefined && (
          <p role="alert" className="mt-4 border-l-2 border-refused pl-3">
            {words.signIn.failed} <code>{code}</code>
          </p>
        )}
        <div className="mt-6 flex flex-col gap-2">
          {issuers.isPending && <Loading what={words.signIn.issuers} />}
          {issuers.isError && <Fault fault={issuers.error} retry={() => void issuers.refetch()} />}
          {issuers.data?.items.length === 0 && <p>{words.signIn.none}</p>}
          {issuers.data?.items.map(({ issuer }) => (
            <a
              key={issuer}
              className="button justify-center"
              data-primary="true"
              href={addressOf('/api/v1/login', { issuer, return: wanted })}
            >
              {words.signIn.with(hostOf(issuer))}
            </a>
          ))}
        </div>
        <p className="mt-6 text-quiet">{words.signIn.recorded}</p>
      </div>
    </main>
  );
}

function hostOf(issuer: string): string {
  return URL.canParse(issuer) ? new URL(issuer).host : issuer;
}
