import { Link } from '@tanstack/react-router';
import type { MaskingInForce } from '../api/types.ts';
import { Moment } from '../parts/moment.tsx';
import { Empty } from '../parts/states.tsx';
import { withFilter } from '../query/fields.ts';
import { words } from '../text.ts';

type Counted = MaskingInForce['recent']['rules'][number];

interface Line {
  readonly rule: string;
  readonly what: string;
  readonly where: string;
  readonly action: string;
  readonly counts: readonly Counted[];
}

/** The rules as the file has them, each with what it masked lately; every count opens its query. */
export function Rules({ masking, days }: { readonly masking: MaskingInForce; readonly days: number }) {
  const lines = linesOf(masking);
  const known = new Set(lines.map(({ rule }) => rule));
  const others = masking.recent.rules.filter(({ rule }) => !known.has(rule));
  return (
    <section className="px-4" aria-labelledby="masking-rules">
      <h2 id="masking-rules" className="text-section font-semibold">
        {words.masking.rules}
      </h2>
      {lines.length === 0 ? (
        <Empty title={words.masking.none}>{words.masking.noneHint}</Empty>
      ) : (
        <>
          <p className="text-quiet">{words.masking.lately(days, masking.recent.complete)}</p>
          <Table lines={lines} days={days} />
        </>
      )}
      {masking.originals.length > 0 && <Originals recipients={masking.originals} />}
      {others.length > 0 && <Others counts={others} days={days} />}
    </section>
  );
}

function Originals({ recipients }: { readonly recipients: readonly string[] }) {
  return (
    <>
      <p className="text-quiet">{words.masking.originals}</p>
      <ul>
        {recipients.map((recipient) => (
          <li key={recipient} className="break-all font-mono text-code">
            {recipient}
          </li>
        ))}
      </ul>
    </>
  );
}

function linesOf({ columns, detectors, patterns, recent }: MaskingInForce): readonly Line[] {
  const { everywhere } = words.masking;
  const on = (connections: readonly string[] | null) => connections?.join(', ') ?? everywhere;
  const line = (rule: string, what: string, where: string, action: string): Line => {
    const counts = recent.rules.filter((each) => each.rule === rule);
    return { rule, what, where, action, counts };
  };
  return [
    ...columns.map(({ rule, column, action }) => line(rule, column.slice(column.indexOf(':') + 1), nameOf(column), action)),
    ...detectors.map(({ rule, detect, connections, action }) => line(rule, detect.join(', '), on(connections), action)),
    ...patterns.map(({ rule, name, pattern, connections, action }) => line(rule, `${name} /${pattern}/`, on(connections), action)),
  ];
}

/** The connection that a rule by column begins with. */
function nameOf(column: string): string {
  const name = column.slice(0, column.indexOf(':'));
  return name === '*' ? words.masking.everywhere : name;
}

function Table({ lines, days }: { readonly lines: readonly Line[]; readonly days: number }) {
  const { heads } = words.masking;
  return (
    <div className="mt-2 overflow-x-auto border-t border-hairline" tabIndex={0} role="region" aria-label={words.masking.rules}>
      <table className="w-full min-w-3xl text-left">
        <thead className="text-meta text-quiet">
          <tr>
            {Object.entries(heads).map(([name, head]) => (
              <th key={name} className={`h-7 pr-4 font-normal ${name === 'exchanges' || name === 'values' ? 'text-right' : ''}`}>
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <RuleLine key={line.rule} line={line} days={days} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function RuleLine({ line, days }: { readonly line: Line; readonly days: number }) {
  const { rule, what, where, action, counts } = line;
  const values = counts.reduce((sum, each) => sum + each.values, 0);
  const last = counts
    .map(({ lastAt }) => lastAt)
    .toSorted((one, other) => one.localeCompare(other))
    .at(-1);
  return (
    <tr className="border-t border-hairline/60 align-top">
      <td className="py-1 pr-4">
        <code>{rule}</code>
      </td>
      <td className="py-1 pr-4 break-all">
        <code>{what}</code>
      </td>
      <td className="py-1 pr-4">{where}</td>
      <td className="py-1 pr-4">{action}</td>
      <td className="py-1 pr-4 text-right">
        {counts.length === 0 ? 0 : counts.map((each) => <CountLink key={each.detector ?? ''} counted={each} days={days} />)}
      </td>
      <td className="py-1 pr-4 text-right">{values.toLocaleString()}</td>
      <td className="py-1">{last !== undefined && <Moment at={last} />}</td>
    </tr>
  );
}

function CountLink({ counted, days }: { readonly counted: Counted; readonly days: number }) {
  const { rule, detector, exchanges } = counted;
  const ofRule = withFilter('', 'masked', rule);
  const query = detector === null ? ofRule : withFilter(ofRule, 'masked', detector);
  return (
    <Link to="/exchanges" search={{ q: `${query} at:-${days}d` }} className="block min-h-6 content-center">
      {detector !== null && `${detector} `}
      {exchanges.toLocaleString()}
    </Link>
  );
}

function Others({ counts, days }: { readonly counts: readonly Counted[]; readonly days: number }) {
  const reasons: Readonly<Record<string, string>> = words.masking.reasons;
  return (
    <>
      <h3 className="mt-4 font-semibold">{words.masking.others}</h3>
      <ul>
        {counts.map((each) => (
          <li key={`${each.rule} ${each.detector ?? ''}`} className="flex flex-wrap gap-x-3">
            <code>{each.rule}</code>
            <span className="text-quiet">{reasons[each.rule] ?? words.masking.unknownReason}</span>
            <CountLink counted={each} days={days} />
          </li>
        ))}
      </ul>
    </>
  );
}
