import type { RunCounts, RunItem } from './run-items.ts';
import type { Row } from './rows.ts';
import { timestamp } from './timestamp.ts';

/** What `runItem` reads, of runs `r`; to be followed by conditions and `GROUP BY r.key`. */
export const runColumns = `r.key, r.id, r.name, r.issuer, r.subject, r.email, r.started_at,
  count(*) AS sessions, sum(s.status = 'active') AS active, sum(s.status = 'refused') AS turned_away,
  CASE WHEN sum(s.status = 'active') > 0 THEN NULL ELSE max(s.ended_at) END AS ended_at, max(s.last_at) AS last_at,
  json_group_array(DISTINCT s.agent) AS agents, json_group_array(DISTINCT s.connection) AS connections,
  sum(s.exchanges) AS exchanges, sum(s.decided - s.refused - s.approved) AS permitted, sum(s.approved) AS approved,
  sum(s.refused - s.denied - s.expired) AS refused, sum(s.denied) AS denied, sum(s.expired) AS expired,
  sum(CASE s.status WHEN 'active' THEN s.exchanges - s.decided ELSE 0 END) AS undecided,
  sum(s.failed) AS failed, sum(s.masked) AS masked, sum(s.recording = 'gap') AS gaps`;

export function runItem(row: Row): RunItem {
  const { issuer, subject } = { issuer: String(row['issuer']), subject: String(row['subject']) };
  return {
    id: String(row['id']),
    name: textOrNull(row, 'name'),
    principal: { issuer, subject, email: textOrNull(row, 'email') },
    agents: names(row, 'agents'),
    connections: names(row, 'connections'),
    startedAt: timestamp(number(row, 'started_at')),
    endedAt: row['ended_at'] === null ? null : timestamp(number(row, 'ended_at')),
    lastAt: timestamp(number(row, 'last_at')),
    sessions: number(row, 'sessions'),
    activeSessions: number(row, 'active'),
    turnedAway: number(row, 'turned_away'),
    counts: counts(row),
  };
}

function counts(row: Row): RunCounts {
  return {
    exchanges: number(row, 'exchanges'),
    permitted: number(row, 'permitted'),
    approved: number(row, 'approved'),
    refused: number(row, 'refused'),
    denied: number(row, 'denied'),
    expired: number(row, 'expired'),
    undecided: number(row, 'undecided'),
    failed: number(row, 'failed'),
    masked: number(row, 'masked'),
    gaps: number(row, 'gaps'),
  };
}

/** One sentence for whoever opens a run: counted, never made up. */
export function summaryOf({ counts, connections, sessions, turnedAway }: RunItem): string {
  const { exchanges, masked, gaps } = counts;
  const ends: readonly (readonly [number, string])[] = [
    [counts.permitted, 'permitted'],
    [counts.approved, 'approved'],
    [counts.refused, 'refused'],
    [counts.denied, 'denied by a person'],
    [counts.expired, 'expired without an answer'],
    [counts.undecided, 'not decided yet'],
  ];
  const told = ends.filter(([count]) => count > 0).map(([count, word]) => `${thousands(count)} ${word}`);
  const first = `${counted(exchanges, 'exchange')} on ${counted(connections.length, 'connection')} in ${counted(sessions, 'session')}`;
  const sentences = [
    told.length === 0 ? `${first}.` : `${first}: ${told.join(', ')}.`,
    ...(counts.failed > 0 ? [`${thousands(counts.failed)} failed at the target.`] : []),
    ...(masked > 0 ? [`${counted(masked, 'answer')} had masked data.`] : []),
    ...(turnedAway > 0 ? [`${counted(turnedAway, 'session')} ${turnedAway === 1 ? 'was' : 'were'} turned away.`] : []),
    ...(gaps > 0 ? [`The record of ${counted(gaps, 'session')} has gaps.`] : []),
  ];
  return sentences.join(' ');
}

function counted(count: number, noun: string): string {
  return `${thousands(count)} ${noun}${count === 1 ? '' : 's'}`;
}

function thousands(count: number): string {
  return count.toLocaleString('en-US');
}

function names(row: Row, column: string): string[] {
  // Made by `json_group_array` of a text column.
  const found = JSON.parse(String(row[column])) as (string | null)[];
  return found.filter((name) => name !== null).toSorted();
}

function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : String(row[column]);
}

function number(row: Row, column: string): number {
  return Number(row[column] ?? 0);
}
