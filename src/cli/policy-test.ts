import type { SessionFilter, SessionItem } from '../archive/items.ts';
import type { Action } from '../core/action.ts';
import type { Circumstance } from '../core/stages.ts';
import type { Verdict } from '../core/verdict.ts';
import { type Output, type Streams, styled } from './output.ts';
import { type JudgedExchange, judgedExchanges, type Judgement } from './policy-record.ts';
import type { RecordSource } from './record-source.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

/** The policies that recorded exchanges are judged by. */
export interface Proposal {
  readonly version: string;
  /** A connection that is not configured is refused whatever policy says. */
  readonly connections: ReadonlySet<string>;
  judge(circumstance: Circumstance, action: Action): Verdict;
}

/** Exchanges that would be decided otherwise, and alike. */
interface Change {
  readonly was: Judgement;
  readonly now: Judgement;
  readonly connection: string;
  readonly user: string;
  readonly agent: string | null;
  readonly action: string;
  readonly text: string;
  /** Those that would decide. */
  readonly policies: readonly string[];
  /** What the client would be told; null for a permit. */
  readonly message: string | null;
  count: number;
  /** The first of them, `<session>/<ordinal>`. */
  readonly first: string;
}

interface Findings {
  readonly sessions: number;
  readonly judged: number;
  /** Recorded by a version whose actions cannot be judged by these policies. */
  readonly notJudged: number;
  /** The newly permitted first. */
  readonly changes: readonly Change[];
}

const order: readonly Judgement[] = ['permitted', 'asked', 'refused'];

/** Judges the recorded exchanges anew and writes what would change. Returns the exit code: 1 where something would. */
export async function testPolicies(
  source: RecordSource,
  proposal: Proposal,
  { filter, json }: { readonly filter: SessionFilter; readonly json: boolean },
  { out }: Streams,
): Promise<0 | 1> {
  const findings = await compare(source, proposal, filter);
  const { version } = proposal;
  await out.write(json ? `${jsonLine({ version, ...findings })}\n` : findingsText(findings, version, out));
  return findings.changes.length === 0 ? 0 : 1;
}

async function compare(source: RecordSource, proposal: Proposal, filter: SessionFilter): Promise<Findings> {
  const changes = new Map<string, Change>();
  let [sessions, judged, notJudged] = [0, 0, 0];
  for await (const session of allSessions(source, filter)) {
    sessions += 1;
    for await (const exchange of judgedExchanges(source.recording(session.id))) {
      const verdict = exchange && judgeAnew(exchange, proposal);
      if (exchange === null || verdict === null) {
        notJudged += 1;
        continue;
      }
      judged += 1;
      const now = judgementOf(verdict);
      if (now !== exchange.was) note(changes, changeOf(exchange, session, verdict, now));
    }
  }
  const sorted = [...changes.values()].sort((one, other) => order.indexOf(one.now) - order.indexOf(other.now) || other.count - one.count);
  return { sessions, judged, notJudged, changes: sorted };
}

/** Oldest last, as the record lists them. */
async function* allSessions(source: RecordSource, filter: SessionFilter): AsyncGenerator<SessionItem> {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<RecordSource['sessions']>> = await source.sessions(filter, { limit: 200, cursor });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== null);
}

function judgeAnew({ circumstance, action }: JudgedExchange, proposal: Proposal): Verdict | null {
  if (!proposal.connections.has(circumstance.connection)) return null;
  const verdict = proposal.judge(circumstance, action);
  // An action that is not declared any more, or not as it was: there is no saying what it would be today.
  return verdict.kind === 'refusal' && verdict.code === 'POLICY_FAULT' && verdict.grounds.policies.length === 0 ? null : verdict;
}

function judgementOf({ kind }: Verdict): Judgement {
  if (kind === 'permit') return 'permitted';
  return kind === 'question' ? 'asked' : 'refused';
}

function changeOf(exchange: JudgedExchange, session: SessionItem, verdict: Verdict, now: Judgement): Change {
  const { principal, connection } = exchange.circumstance;
  return {
    was: exchange.was,
    now,
    connection,
    user: principal.email ?? principal.subject,
    agent: principal.agent,
    action: exchange.action.name,
    text: exchange.action.text,
    policies: verdict.grounds.policies,
    message: messageOf(verdict),
    count: 1,
    first: `${session.id}/${exchange.ordinal}`,
  };
}

function messageOf(verdict: Verdict): string | null {
  if (verdict.kind === 'permit') return null;
  return verdict.kind === 'refusal' ? verdict.message : `Needs approval by ${verdict.groups.join(' and ')}.`;
}

/** The same by the same person for the same reason is one change, however often it was done. */
function note(changes: Map<string, Change>, change: Change): void {
  const { count: _count, first: _first, ...same } = change;
  const key = JSON.stringify(same);
  const known = changes.get(key);
  if (known) known.count += 1;
  else changes.set(key, change);
}

function findingsText({ sessions, judged, notJudged, changes }: Findings, version: string, out: Output): string {
  const totals = order.flatMap((now) => {
    const count = changes.filter((change) => change.now === now).reduce((sum, change) => sum + change.count, 0);
    return count === 0 ? [] : [`${count} newly ${now}`];
  });
  const lines = [
    ...changes.flatMap((change) => [...changeLines(change, out), '']),
    `${counted(judged, 'exchange')} of ${counted(sessions, 'session')} judged by version ${version}: ${totals.join(', ') || 'nothing would change'}.`,
    ...(notJudged === 0
      ? []
      : [`${counted(notJudged, 'exchange')} could not be judged: recorded by another version, or on a connection that is not configured.`]),
  ];
  return `${lines.join('\n')}\n`;
}

function changeLines(change: Change, out: Output): string[] {
  const { was, now, connection, user, agent, count, text, policies, message, first } = change;
  const style = now === 'permitted' ? 'yellow' : 'bold';
  const who = visibleLine(agent === null ? user : `${user} via ${agent}`);
  const by = policies.length === 0 ? 'no policy' : policies.join(', ');
  return [
    `${styled(out, style, `${now}, was ${was}`)}  ${who} · ${visibleLine(connection)} · ${counted(count, 'time')}`,
    `    ${shorten(visibleLine(text.replaceAll(/\s+/g, ' ').trim()), 160)}`,
    `    by ${visibleLine(by)}${message === null ? '' : `: ${visibleLine(message)}`}`,
    `    ${styled(out, 'dim', first.replace('/', ' #'))}`,
  ];
}
