import { Link } from '@tanstack/react-router';
import { Fragment, type ReactNode, Suspense, useMemo } from 'react';
import { lazyOr } from '../parts/lazy-or.ts';
import { lasting, Moment } from '../parts/moment.tsx';
import { MarkLabel, markOf, Shape, tintOf } from '../parts/verdict.tsx';
import { Visible } from '../parts/visible.tsx';
import type { Line } from '../recording/lines.ts';
import type { Recorded, Recording } from '../recording/recording.ts';
import { words } from '../text.ts';
import { type Content, contentOf, type Piece } from './content.ts';
import { BytesView } from './bytes-view.tsx';
import { DocumentView } from './document-view.tsx';
import { LongText } from './long-text.tsx';
import { Marks } from './marks.tsx';
import { RowsView } from './rows-view.tsx';
import { Statement } from './statement.tsx';
import { TerminalText } from './terminal-text.tsx';

const DiffView = lazyOr(async () => (await import('./diff-view.tsx')).DiffView, LongText);
const TerminalView = lazyOr(async () => (await import('./terminal-view.tsx')).TerminalView, TerminalText);

interface ExchangeViewProps {
  readonly recording: Recording;
  readonly exchange: Recorded;
  /** How many lines of the recording have come where the head stands. */
  readonly shown: number;
  /** Whether its session does: what has no end in the recording of one that is over never had any. */
  readonly goesOn: boolean;
}

/** One exchange as far as the head has come: what was asked, how it was decided, what came back, and where it stands in the record. */
export function ExchangeView({ recording, exchange, shown, goesOn }: ExchangeViewProps) {
  const here = exchange.places.filter((place) => place < shown).length;
  const mayGoOn = goesOn || here < exchange.places.length;
  const content = useMemo(() => contentOf(recording, exchange, here), [recording, exchange, here]);
  const title = exchange.ordinal === 0 ? words.exchange.channel : (exchange.action?.name ?? words.exchange.unnamed);
  return (
    <article className="flex flex-col gap-4 p-4" aria-label={words.exchange.label(exchange.ordinal, title)}>
      <header className="flex flex-wrap items-center gap-x-4 gap-y-1">
        <h2 className="text-section font-semibold">
          <span className="text-quiet">{exchange.ordinal === 0 ? '' : `${exchange.ordinal} `}</span>
          <Visible text={title} limit={80} line />
        </h2>
        {content.decision !== null && <MarkLabel mark={markOf(content.decision.verdict)} word={words.verdicts[content.decision.verdict]} />}
        <span className="text-quiet">
          <Moment at={exchange.startedAt} precision="millisecond" />
        </span>
      </header>
      {exchange.action !== null && <Objects exchange={exchange} />}
      {exchange.action !== null && <Statement text={exchange.action.text} values={content.values} />}
      {exchange.ordinal > 0 && <Why content={content} mayGoOn={mayGoOn} />}
      {content.pieces.map((piece, place) => (
        // What came stays in the order in which it came.
        <Fragment key={place}>
          {needsHeading(content.pieces, place) && (
            <h3 className="-mb-3 text-meta text-quiet">{words.exchange.directions[piece.direction]}</h3>
          )}
          <PieceView piece={piece} content={content} />
        </Fragment>
      ))}
      <Outcome content={content} exchange={exchange} mayGoOn={mayGoOn} />
      <Evidence lines={exchange.places.slice(0, here).flatMap((place) => recording.lines[place] ?? [])} content={content} />
    </article>
  );
}

function Objects({ exchange }: { readonly exchange: Recorded }) {
  const { action } = exchange;
  if (action === null || action.objects.length === 0) return null;
  return (
    <p className="flex flex-wrap gap-x-4 text-quiet *:max-w-full *:min-w-0">
      <span>{words.effects(action.effect)}</span>
      {action.objects.slice(0, 20).map(({ type, name }) => (
        <span key={`${type} ${name}`}>
          {type}{' '}
          <code className="text-ink">
            <Visible text={name} limit={120} line />
          </code>
        </span>
      ))}
      {action.objects.length > 20 && <span>{words.more(action.objects.length - 20)}</span>}
    </p>
  );
}

function Why({ content, mayGoOn }: { readonly content: Content; readonly mayGoOn: boolean }) {
  const { decision } = content;
  if (decision === null) return <p className="text-quiet">{mayGoOn ? words.exchange.notDecided : words.exchange.neverDecided}</p>;
  if (decision.verdict === 'permitted')
    return decision.policies.length === 0 ? null : <p className="text-quiet">{words.exchange.permittedBy(decision.policies)}</p>;
  return (
    <section className={`border-l-2 border-current p-3 ${tintOf(markOf(decision.verdict))}`} aria-label={words.exchange.why}>
      <p className="font-semibold">{words.exchange.decided(words.verdicts[decision.verdict], decision.policies)}</p>
      {decision.reason !== null && (
        <p className="text-ink">
          <Visible text={decision.reason} />
        </p>
      )}
      {decision.detail !== null && (
        <p className="text-quiet">
          <Visible text={decision.detail} />
        </p>
      )}
      <p className="flex gap-4 text-ink">
        {decision.code !== null && <code>{decision.code}</code>}
        {decision.approval !== null && (
          <Link to="/approvals/$id" params={{ id: decision.approval }}>
            {words.exchange.approval}
          </Link>
        )}
      </p>
    </section>
  );
}

/** Where both sides said something, each side's first piece says whose it is. */
function needsHeading(pieces: readonly Piece[], place: number): boolean {
  return pieces[place]?.direction !== pieces[place - 1]?.direction && pieces.some(({ direction }) => direction === 'request');
}

function PieceView({ piece, content }: { readonly piece: Piece; readonly content: Content }): ReactNode {
  switch (piece.shape) {
    case 'rows':
      return <RowsView rows={piece.rows} count={piece.rows.count} masked={content.masked} />;
    case 'document':
      return <DocumentView value={piece.value} mediaType={piece.mediaType} />;
    case 'text':
      return <LongText text={piece.text} />;
    case 'diff':
      return (
        <Suspense fallback={<LongText text={piece.text} />}>
          <DiffView text={piece.text} />
        </Suspense>
      );
    case 'terminal':
      return (
        <Suspense fallback={<TerminalText events={piece.events} />}>
          <TerminalView events={piece.events} />
        </Suspense>
      );
    case 'bytes':
      return <BytesView count={piece.count} base64={piece.base64} />;
    case 'marks':
      return <Marks marks={piece.marks} />;
    case 'gap':
      return (
        <p className={`hatch flex items-center gap-2 border-l-2 border-current p-2 ${tintOf('gap')}`}>
          <Shape mark="gap" />
          {piece.text}
        </p>
      );
    case 'strange':
      return (
        <div>
          <p className="text-held">{words.exchange.strange}</p>
          <LongText text={piece.text} />
        </div>
      );
    default:
      return piece satisfies never;
  }
}

interface OutcomeProps {
  readonly content: Content;
  readonly exchange: Recorded;
  readonly mayGoOn: boolean;
}

function Outcome({ content, exchange, mayGoOn }: OutcomeProps) {
  const { outcome } = content;
  if (outcome === null)
    return exchange.ordinal === 0 ? null : <p className="text-quiet">{mayGoOn ? words.exchange.goesOn : words.exchange.cutOff}</p>;
  const took = exchange.endedAt === null ? '' : lasting(exchange.endedAt - exchange.startedAt);
  return (
    <section aria-label={words.columns.outcome}>
      <p className="flex flex-wrap gap-x-4">
        {outcome.tag !== null && (
          <code>
            <Visible text={outcome.tag} limit={120} line />
          </code>
        )}
        {outcome.rows !== null && <span>{words.rows.counted(outcome.rows)}</span>}
        <span>{words.exchange.outcome(outcome.status)}</span>
        <span className="text-quiet">{took}</span>
      </p>
      {outcome.error !== null && (
        <p className="mt-1 border-l-2 border-control pl-3">
          <code>{outcome.error.code}</code> <Visible text={outcome.error.message} />
        </p>
      )}
    </section>
  );
}

function Evidence({ lines, content }: { readonly lines: readonly Line[]; readonly content: Content }) {
  const [first, last] = [lines[0], lines.at(-1)];
  if (first === undefined || last === undefined) return null;
  return (
    <details className="border-t border-hairline pt-2 text-quiet">
      <summary>{words.exchange.evidence(lines.length, first.sequence, last.sequence)}</summary>
      <ul className="mt-1">
        {content.masked.map(({ rule, column, detector, count }, place) => (
          <li key={place} className="flex items-center gap-2">
            <Shape mark="masked" />
            {words.exchange.masked(count, column ?? detector ?? words.exchange.freeText, rule)}
          </li>
        ))}
        {content.withheld.map(({ direction, count, sha256 }) => (
          <li key={sha256}>
            {words.exchange.withheld(direction, count)} <code className="break-all">{sha256}</code>
          </li>
        ))}
      </ul>
    </details>
  );
}
