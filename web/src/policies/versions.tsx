import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { policyVersionQuery, policyVersionsQuery } from '../api/queries.ts';
import type { PolicyVersion } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Fault, Loading } from '../parts/states.tsx';
import { Visible } from '../parts/visible.tsx';
import { words } from '../text.ts';
import { type DiffLine, lineDifference } from './line-difference.ts';

interface VersionsProps {
  readonly version: string | null;
  readonly inForce: string;
}

/** Every version that was ever in force, and what each changed. */
export function Versions({ version, inForce }: VersionsProps) {
  const { data, error, isPending, refetch } = useQuery(policyVersionsQuery);
  if (isPending) return <Loading what={words.policies.views.versions} />;
  if (error !== null) return <Fault fault={error} retry={() => void refetch()} />;
  const shown = version ?? data.items[0]?.version ?? null;
  const place = data.items.findIndex((item) => item.version === shown);
  return (
    <div className="flex min-h-0 flex-1 flex-col border-t border-hairline lg:flex-row">
      <ol className="max-h-[30vh] shrink-0 overflow-y-auto border-b border-hairline lg:max-h-none lg:w-80 lg:border-r lg:border-b-0">
        {data.items.map((item) => (
          <li key={item.version}>
            <Link
              to="/policies"
              search={{ view: 'versions', version: item.version }}
              aria-current={item.version === shown}
              className="block border-b border-hairline/60 border-l-2 border-l-transparent px-4 py-2 no-underline hover:bg-sunken aria-[current=true]:border-l-ink aria-[current=true]:bg-sunken"
            >
              <code>{item.version.slice(0, 12)}</code>{' '}
              {inForce.startsWith(item.version) && <span className="text-quiet">{words.policies.current}</span>}
              <br />
              <span className="text-quiet">
                <Moment at={item.since} /> · <Visible text={item.author} limit={60} line />
              </span>
            </Link>
          </li>
        ))}
      </ol>
      <div className="min-h-0 min-w-0 flex-1 overflow-y-auto p-4">
        {shown !== null && <Change key={shown} version={shown} before={data.items[place + 1]?.version ?? null} />}
      </div>
    </div>
  );
}

/** What a version changed of the one before it, file by file. */
function Change({ version, before }: { readonly version: string; readonly before: string | null }) {
  const after = useQuery(policyVersionQuery(version));
  const earlier = useQuery({ ...policyVersionQuery(before ?? version), enabled: before !== null });
  if (after.isError) return <Fault fault={after.error} />;
  if (earlier.isError) return <Fault fault={earlier.error} />;
  if (after.data === undefined || (before !== null && earlier.data === undefined)) return <Loading what={words.policies.views.versions} />;
  const old = before === null ? null : (earlier.data ?? null);
  const names = [...new Set([...(old?.texts ?? []), ...after.data.texts].map(({ name }) => name))].toSorted((a, b) => (a < b ? -1 : 1));
  return (
    <>
      <p className="mb-2 text-quiet">{before === null ? words.policies.first : words.policies.against(before.slice(0, 12))}</p>
      {names.map((name) => (
        <FileChange key={name} name={name} lines={lineDifference(textOf(old, name), textOf(after.data, name))} whole={old === null} />
      ))}
    </>
  );
}

function textOf(version: PolicyVersion | null, name: string): string {
  return version?.texts.find((each) => each.name === name)?.text ?? '';
}

interface FileChangeProps {
  readonly name: string;
  readonly lines: readonly DiffLine[];
  /** Whether there is nothing to compare with. */
  readonly whole: boolean;
}

const classes = { same: '', added: 'bg-sunken font-semibold', removed: 'text-quiet line-through decoration-control' } as const;
const signs = { same: ' ', added: '+', removed: '−' } as const;

function FileChange({ name, lines, whole }: FileChangeProps) {
  const changed = whole || lines.some(({ kind }) => kind !== 'same');
  return (
    <figure className="mb-4 border border-hairline bg-raised">
      <figcaption className="border-b border-hairline px-2 py-1">
        <code>{name}</code> {!changed && <span className="text-quiet">{words.policies.same}</span>}
      </figcaption>
      <div className="overflow-x-auto py-1 font-mono text-code" tabIndex={0} role="region" aria-label={name}>
        {lines.map(({ kind, text, line }, place) => (
          // A line of a comparison has no other name than its place.
          <div key={place} className={`grid grid-cols-[5ch_2ch_1fr] whitespace-pre ${whole ? '' : classes[kind]}`}>
            <span className="text-right text-quiet">{line}</span>
            <span className="text-center">{whole ? '' : signs[kind]}</span>
            <span>
              <Visible text={text} limit={2000} />
            </span>
          </div>
        ))}
      </div>
    </figure>
  );
}
