import { ChaperoneError } from '../core/errors.ts';
import type { AuditFilter, ExchangeFilter, SessionFilter, Visibility } from './items.ts';
import { amongExceptional } from './query/fields.ts';
import { saysPhrase, searchable } from './text-index.ts';

/** The conditions of a query, all of which must hold, with the values they are bound to. */
export class Conditions {
  readonly #parts: string[] = [];
  readonly values: (string | number)[] = [];

  add(sql: string, ...values: readonly (string | number)[]): void {
    this.#parts.push(sql);
    this.values.push(...values);
  }

  /** Before all others: SQLite looks at what no index helps with in the order in which it is written. */
  addFirst(sql: string, ...values: readonly (string | number)[]): void {
    this.#parts.unshift(sql);
    this.values.unshift(...values);
  }

  equal(column: string, value: string | undefined): void {
    if (value !== undefined) this.add(`${column} = ?`, value);
  }

  get where(): string {
    return this.#parts.length === 0 ? '' : `WHERE ${this.#parts.join(' AND ')}`;
  }
}

export function visible(conditions: Conditions, visibility: Visibility): void {
  if (visibility !== 'all') conditions.add('(s.issuer = ? AND s.subject = ?)', visibility.issuer, visibility.subject);
}

export function matchSessions(conditions: Conditions, filter: SessionFilter): void {
  if (filter.user !== undefined) conditions.add('(s.subject = ? OR s.email = ?)', filter.user, filter.user);
  conditions.equal('s.agent', filter.agent);
  conditions.equal('s.run', filter.run);
  conditions.equal('s.connection', filter.connection);
  conditions.equal('s.protocol', filter.protocol);
  conditions.equal('s.status', filter.status);
  during(conditions, 's.started_at', filter);
}

export function matchExchanges(conditions: Conditions, filter: ExchangeFilter): void {
  conditions.equal('s.id', filter.session);
  conditions.equal('s.connection', filter.connection);
  conditions.equal('x.verdict', filter.verdict);
  if (filter.verdict !== undefined && filter.verdict !== 'permitted') conditions.add(amongExceptional);
  conditions.equal('x.effect', filter.effect);
  conditions.equal('x.action', filter.action);
  conditions.equal('x.status', filter.status);
  if (filter.object !== undefined)
    conditions.add("EXISTS (SELECT 1 FROM json_each(x.objects) AS o WHERE json_extract(o.value, '$.name') = ?)", filter.object);
  during(conditions, 'x.started_at', filter);
}

export function matchAudit(conditions: Conditions, filter: AuditFilter): void {
  const { event, actor, session } = filter;
  if (event?.endsWith('.')) conditions.add('substr(event, 1, ?) = ?', event.length, event);
  else conditions.equal('event', event);
  if (actor !== undefined) conditions.add('instr(lower(actor), lower(?)) > 0', actor);
  if (session !== undefined) conditions.add("json_extract(detail, '$.session') = ?", session);
  during(conditions, 'at', filter);
}

const longestQuery = 1000;
const mostTerms = 16;
/** What the trigram index can look up; a shorter term is looked for in the rows themselves. */
const indexedLength = 3;

/**
 * Every term of the query must be found, in any case, in what was asked or in the indexed part of what came back. Returns the
 * full-text expression for the terms that the index can find, or null; adds conditions for the others.
 */
export function matchText(conditions: Conditions, query: string): string | null {
  const terms = query.split(/\s+/u).filter((term) => term !== '');
  if (query.length > longestQuery || terms.length > mostTerms)
    throw new ChaperoneError('REQUEST_INVALID', `A search takes at most ${longestQuery} characters and ${mostTerms} words.`);
  const indexed = terms.filter((term) => Array.from(term).length >= indexedLength);
  for (const term of terms) if (!indexed.includes(term)) conditions.add(shortTerm, term, term, term);
  for (const term of indexed) conditions.add(saysPhrase, term, '');
  if (indexed.length === 0) return null;
  // A quoted phrase has no operators; a quote in it is doubled.
  return indexed.map((term) => `"${searchable(term).replaceAll('"', '""')}"`).join(' AND ');
}

const within = (text: string) => `instr(lower(${text}), lower(?)) > 0`;
const shortTerm = `(${within('x.text')} OR ${within('x.found')} OR EXISTS (SELECT 1 FROM json_each(x.parameters) AS p WHERE ${within('p.value')}))`;

export function during(conditions: Conditions, column: string, filter: { readonly since?: string; readonly until?: string }): void {
  if (filter.since !== undefined) conditions.add(`${column} >= ?`, instant('since', filter.since));
  if (filter.until !== undefined) conditions.add(`${column} < ?`, instant('until', filter.until));
}

export function instant(name: string, text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}([Tt ]|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new ChaperoneError('REQUEST_INVALID', `"${name}" must be a time such as 2026-01-31T12:00:00Z.`);
  return at;
}
