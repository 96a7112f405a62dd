import type { PageRequest, SessionFilter, SessionItem } from '../archive/items.ts';
import { type Output, type Streams, styled } from './output.ts';
import type { RecordSource } from './record-source.ts';
import { tableLines } from './table.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

export interface Listing<Filter> {
  readonly filter: Filter;
  readonly page: PageRequest;
  readonly json: boolean;
}

/** Lists sessions, newest first. */
export async function listSessions(source: RecordSource, { filter, page, json }: Listing<SessionFilter>, { out }: Streams): Promise<void> {
  const found = await source.sessions(filter, page);
  if (json) {
    await out.write(`${jsonLine(found)}\n`);
    return;
  }
  const lines = found.items.length === 0 ? ['No sessions.'] : sessionTable(found.items, out);
  await out.write([...lines, '', footer(found.items.length, 'session', found.next), ''].join('\n'));
}

function sessionTable(sessions: readonly SessionItem[], out: Output): string[] {
  const head = ['SESSION', 'STARTED', 'WHO', 'AGENT', 'CONNECTION', 'STATUS', 'EXCHANGES'];
  const rows = sessions.map((session) => [
    session.id,
    shortTime(session.startedAt),
    whoOf(session),
    session.principal?.agent ?? '-',
    session.connection,
    session.recording === 'gap' ? `${session.status}, gap` : session.status,
    session.refused === 0 ? String(session.exchanges) : `${session.exchanges} (${session.refused} refused)`,
  ]);
  const style = { cell: cellWidth(out.columns), ruled: false };
  const [first = '', ...rest] = tableLines(head, rows, style);
  return [styled(out, 'bold', first), ...rest];
}

/** Who, agent and connection share what id, time, status and count leave of a terminal's line. */
function cellWidth(columns: number): number {
  return columns === 0 ? 80 : Math.max(36, Math.floor((columns - 85) / 3));
}

export function whoOf({ principal }: SessionItem): string {
  return principal === null ? '(nobody: not verified)' : (principal.email ?? principal.subject);
}

/** `2026-11-22 10:00:00Z`: to the second, UTC. */
export function shortTime(time: string): string {
  return time.replace('T', ' ').replace(/\.\d+Z$/, 'Z');
}

/** How many were shown, and how to see more where there are more. */
export function footer(shown: number, noun: string, next: string | null): string {
  const count = `${counted(shown, noun)} shown`;
  return next === null ? `${count}.` : `${count}; there are more: add --cursor ${next}`;
}

/** The head of a session for people: who acted, through which agent, where, when. */
export function sessionHead(session: SessionItem, out: Output): string[] {
  const { principal } = session;
  const facts: readonly (readonly [string, string | null])[] = [
    ['session', session.id],
    ['who', principal === null ? whoOf(session) : `${whoOf(session)} (${principal.subject} at ${principal.issuer})`],
    ['agent', principal === null ? null : (principal.agent ?? 'none: the person alone')],
    ['run', session.run],
    ['connection', `${session.connection} (${session.protocol}), from ${session.clientAddress}`],
    ['when', `${shortTime(session.startedAt)} to ${session.endedAt === null ? 'now' : shortTime(session.endedAt)}`],
    ['status', session.reason === null ? session.status : `${session.status}: ${session.reason}`],
    ['policy', session.policies.length === 0 ? null : `${session.verdict} by ${session.policies.join(', ')}`],
    ['recording', session.recording === 'gap' ? 'HAS GAPS: something crossed that is not on record' : null],
  ];
  const told = facts.filter((fact): fact is readonly [string, string] => fact[1] !== null);
  return told.map(([name, value]) => `${styled(out, 'dim', name.padEnd(10))} ${shorten(visibleLine(value), 300)}`);
}
