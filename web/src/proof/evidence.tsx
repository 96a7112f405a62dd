import { words } from '../text.ts';
import { Section } from './section.tsx';

/** What the record proves by itself, what it does not, and how to check it without us. */
export function Evidence() {
  return (
    <>
      <Section title={words.proof.evidence}>
        <div className="mt-1 grid max-w-5xl gap-x-8 gap-y-3 sm:grid-cols-2">
          <Claims title={words.proof.proves} claims={words.proof.shows} />
          <Claims title={words.proof.provesNot} claims={words.proof.showsNot} />
        </div>
      </Section>
      <Section title={words.proof.offline}>
        <p className="max-w-[72ch]">{words.proof.offlineSays}</p>
        <pre className="mt-2 max-w-[72ch] overflow-x-auto border-l-2 border-control bg-raised p-3" tabIndex={0}>
          {words.proof.offlineCommand}
        </pre>
      </Section>
    </>
  );
}

function Claims({ title, claims }: { readonly title: string; readonly claims: readonly string[] }) {
  return (
    <div>
      <h3 className="font-semibold">{title}</h3>
      <ul className="list-disc pl-5">
        {claims.map((claim) => (
          <li key={claim} className="mt-1">
            {claim}
          </li>
        ))}
      </ul>
    </div>
  );
}
