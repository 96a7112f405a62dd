import { Link } from '@tanstack/react-router';
import type { Proof } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { MarkLabel } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { Section } from './section.tsx';

/** What should be on record and is not, each with its reason where one is known. */
export function MissingParts({ proof: { gaps, missing } }: { readonly proof: Proof }) {
  return (
    <Section title={words.proof.missing}>
      {missing.items.length === 0 && <p>{words.proof.continuous}</p>}
      <ul>
        {missing.items.map(({ id, at, kind, session, detail }) => (
          <li key={id} className="mt-1 flex flex-wrap gap-x-3">
            <MarkLabel mark="gap" word={words.proof.kinds[kind]} />
            <Moment at={at} />
            <Visible text={detail} limit={500} line />
            {session !== null && <SessionLink session={session} />}
          </li>
        ))}
      </ul>
      {missing.more > 0 && <p className="text-quiet">{words.proof.more(missing.more)}</p>}
      <p className="mt-2">{words.proof.gaps(gaps.items.length + gaps.more)}</p>
      <ul>
        {gaps.items.map(({ session, connection, at, detail }) => (
          <li key={session} className="mt-1 flex flex-wrap gap-x-3">
            <MarkLabel mark="gap" />
            <Moment at={at} />
            <Visible text={connection} limit={80} line />
            <SessionLink session={session} />
            <span className="text-quiet">{detail === null ? words.proof.gapSays : <Visible text={detail} limit={500} line />}</span>
          </li>
        ))}
      </ul>
      {gaps.more > 0 && <p className="text-quiet">{words.proof.more(gaps.more)}</p>}
    </Section>
  );
}

function SessionLink({ session }: { readonly session: string }) {
  return (
    <Link to="/sessions/$id" params={{ id: session }}>
      <code>{session}</code>
    </Link>
  );
}
