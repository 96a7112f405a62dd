import type { ExchangeFilter, ExchangeItem } from '../archive/items.ts';
import { type Output, type Streams, styled } from './output.ts';
import type { RecordSource } from './record-source.ts';
import { footer, type Listing, shortTime, whoOf } from './sessions.ts';
import { boundValues } from './table.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

/** Finds exchanges by what was asked or what came back, newest first. */
export async function searchExchanges(
  source: RecordSource,
  { filter, page, json, query }: Listing<ExchangeFilter> & { readonly query: boolean },
  { out }: Streams,
): Promise<void> {
  const found = await (query ? source.search(filter, page) : source.exchanges(filter, page));
  if (json) {
    await out.write(`${jsonLine(found)}\n`);
    return;
  }
  const people = await peopleOf(source, found.items);
  const lines = found.items.flatMap((item) => [
    ...exchangeLines(item, people.get(item.session) ?? '', query ? '' : (filter.q ?? ''), out),
    '',
  ]);
  const nothing = found.items.length === 0 ? [`Nothing was found.${hintOf(query, filter.q)}`, ''] : [];
  await out.write([...nothing, ...lines, footer(found.items.length, 'exchange', found.next), ''].join('\n'));
}

/** A filter is looked for as a word unless the text is a query: whoever meant one is told. */
function hintOf(query: boolean, q = ''): string {
  return !query && /(?:^|\s)-?[a-z_]+:\S/.test(q) ? ' The words were looked for as they stand; --query reads them as filters.' : '';
}

async function peopleOf(source: RecordSource, items: readonly ExchangeItem[]): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(items.map(({ session }) => session))];
  const people = new Map<string, string>();
  for (const id of ids) {
    const session = await source.session(id);
    // A session whose retention ended between the two questions.
    if (session === null) continue;
    const agent = session.principal?.agent;
    people.set(id, agent == null ? whoOf(session) : `${whoOf(session)} via ${agent}`);
  }
  return people;
}

function exchangeLines(item: ExchangeItem, who: string, q: string, out: Output): string[] {
  const facts = [
    shortTime(item.startedAt),
    who,
    item.connection,
    item.tag ?? item.status,
    item.rows === null ? null : counted(item.rows, 'row'),
  ];
  const where = `${item.session} #${item.ordinal}`;
  const width = out.columns === 0 ? 160 : Math.max(60, out.columns - 4);
  const statement = marked(excerpt(item.text, q, width), q, out);
  const values = item.parameters === null || item.parameters.length === 0 ? [] : [`    ${boundValues(item.parameters, 60)}`];
  const inReply = q !== '' && !holds(item.text, q) && !(item.parameters ?? []).some((value) => value !== null && holds(value, q));
  return [
    `${styled(out, 'bold', where)}  ${facts
      .filter((fact) => fact !== null && fact !== '')
      .map((fact) => visibleLine(fact ?? ''))
      .join(' · ')}`,
    `    ${statement}`,
    ...values,
    ...(item.error === null ? [] : [`    ${styled(out, 'red', `error ${visibleLine(`${item.error.code}: ${item.error.message}`)}`)}`]),
    ...(item.reason === null ? [] : [`    ${styled(out, 'yellow', visibleLine(`${item.verdict}: ${item.reason}`))}`]),
    ...(inReply ? [`    ${styled(out, 'dim', '(found in what came back)')}`] : []),
  ];
}

function holds(text: string, q: string): boolean {
  return text.toLowerCase().includes(q.toLowerCase());
}

/** One line of the text with the match in it. */
function excerpt(text: string, q: string, width: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  const at = q === '' ? -1 : line.toLowerCase().indexOf(q.toLowerCase());
  if (at <= width / 2) return shorten(visibleLine(line), width);
  const from = at - Math.floor(width / 4);
  return `…${shorten(visibleLine(line.slice(from)), width - 1)}`;
}

/** Every match stands out: inverse on a terminal, in «» elsewhere. */
function marked(line: string, q: string, out: Output): string {
  const wanted = visibleLine(q).toLowerCase();
  if (wanted === '') return line;
  const lower = line.toLowerCase();
  // Some characters change their length in lower case; then places in one are no places in the other.
  if (lower.length !== line.length) return line;
  let result = '';
  let from = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, from)) {
    const match = line.slice(at, at + wanted.length);
    result += line.slice(from, at) + (out.styled ? styled(out, 'inverse', match) : `«${match}»`);
    from = at + wanted.length;
  }
  return result + line.slice(from);
}
