import type { SessionFilter, SessionItem, Page, PageRequest } from '../../archive/items.ts';
import type { Action } from '../../core/action.ts';
import type { Circumstance } from '../../core/stages.ts';
import type { Verdict } from '../../core/verdict.ts';
import { type JudgedExchange, judgedExchanges, type Judgement } from './judged.ts';

/** The policies that recorded exchanges are judged by. */
export interface Proposal {
  readonly version: string;
  /** A connection that is not configured is refused whatever policy says. */
  readonly connections: ReadonlySet<string>;
  judge(circumstance: Circumstance, action: Action): Verdict;
}

/** Where sessions and their recordings come from. */
export interface TestedRecord {
  sessions(filter: SessionFilter, page: PageRequest): Promise<Page<SessionItem>> | Page<SessionItem>;
  recording(session: string): AsyncIterable<object>;
}

/** Exchanges that would be decided otherwise, and alike. */
export interface Change {
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

export interface Findings {
  readonly sessions: number;
  readonly judged: number;
  /** Whether all that was asked for was judged; where not, the newest sessions were. */
  readonly complete: boolean;
  /** Recorded by a version whose actions cannot be judged by these policies. */
  readonly notJudged: number;
  /** The newly permitted first. */
  readonly changes: readonly Change[];
}

/** Nothing stops it. */
const unbounded = () => true;

export const order: readonly Judgement[] = ['permitted', 'asked', 'refused'];

/** Judges recorded exchanges by a proposal, the newest sessions first, for as long as `goesOn` says so. */
export async function compare(
  source: TestedRecord,
  proposal: Proposal,
  filter: SessionFilter,
  goesOn: (judged: number) => boolean = unbounded,
): Promise<Findings> {
  const changes = new Map<string, Change>();
  let [sessions, judged, notJudged] = [0, 0, 0];
  let complete = true;
  for await (const session of allSessions(source, filter)) {
    complete &&= goesOn(judged);
    if (!complete) break;
    sessions += 1;
    for await (const exchange of judgedExchanges(source.recording(session.id))) {
      complete &&= goesOn(judged);
      if (!complete) break;
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
  return { sessions, judged, notJudged, complete, changes: sorted };
}

/** Oldest last, as the record lists them. */
async function* allSessions(source: TestedRecord, filter: SessionFilter): AsyncGenerator<SessionItem> {
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<TestedRecord['sessions']>> = await source.sessions(filter, { limit: 200, cursor });
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
