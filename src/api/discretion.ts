import type { SessionItem } from '../archive/items.ts';
import type { RecordingLine } from '../archive/decoded.ts';
import type { Viewer } from './access.ts';

/**
 * A session as this viewer may be shown it. Why somebody was turned away tells a connection that exists from one that does
 * not, so those who were get the answer of the door again and nothing more; auditors see the cause.
 */
export function shownTo(viewer: Viewer, session: SessionItem): SessionItem {
  if (viewer.visibility === 'all' || session.status !== 'refused') return session;
  return { ...session, detail: null, policies: [], policyVersion: '' };
}

/** The lines of a session's recording, with the same discretion. */
export async function* linesShownTo(viewer: Viewer, lines: AsyncIterable<RecordingLine>): AsyncGenerator<RecordingLine> {
  for await (const line of lines) yield lineShownTo(viewer, line);
}

export function lineShownTo(viewer: Viewer, line: RecordingLine): RecordingLine {
  return viewer.visibility === 'all' ? line : discreet(line);
}

function discreet(line: RecordingLine): RecordingLine {
  if (line.kind !== 'session' || line.facts.decision.verdict === 'permitted') return line;
  const decision = { ...line.facts.decision, detail: null, grounds: { policies: [], version: '' } };
  return { ...line, facts: { ...line.facts, decision } };
}
