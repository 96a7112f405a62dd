import { type Change, compare, type Findings, order, type Proposal } from '../api/backtest/compare.ts';
import type { SessionFilter } from '../archive/items.ts';
import { type Output, type Streams, styled } from './output.ts';
import type { RecordSource } from './record-source.ts';
import { counted, jsonLine, shorten, visibleLine } from './visible.ts';

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
