import { count, names } from './counting.ts';

const effectVerbs = {
  read: 'Read',
  write: 'Change',
  schema: 'Change the definition of',
  admin: 'Change rights or settings of',
  unknown: 'Do something that could not be read to',
} as const;

/** What people are asked, and what their answer does. */
export const decideWords = {
  effectLine: (
    effect: keyof typeof effectVerbs,
    objects: readonly string[],
    connection: string,
    estimate: number | null,
    action: string,
  ) => {
    const what = objects.length === 0 ? connection : `${names(objects)} on ${connection}`;
    const rows = effect !== 'read' && effect !== 'write' ? '' : estimate === null ? 'rows of ' : `about ${count(estimate, 'row')} of `;
    return `${effectVerbs[effect]} ${rows}${what}${action === '' ? '' : ` (${action})`}`;
  },
  effects: (effect: string) => (effect === 'unknown' ? 'effect unknown' : effect),
  approvals: {
    waitForYou: (mine: number) => (mine === 0 ? 'Nothing is waiting for you.' : `${mine} waiting for you.`),
    status: { open: 'held', approved: 'approved', used: 'used', denied: 'refused', expired: 'expired', withdrawn: 'withdrawn' },
    none: 'Nothing is waiting.',
    noneHint: 'What an agent asks that needs a person appears here by itself.',
    left: 'Time left',
    asks: 'Asks',
    asked: 'Asked',
    toAll: 'All, newest first',
    toOpen: 'Only what waits',
  },
  approval: {
    one: 'the approval',
    title: 'Approval',
    left: 'left',
    asked: 'asked',
    statement: 'The exact act',
    valuesCut: (shown: number, all: number) => `The first ${shown.toLocaleString()} of ${count(all, 'bound value')}.`,
    cut: (shown: number, all: number) => `The first ${shown.toLocaleString()} of ${all.toLocaleString()} characters.`,
    whole: 'Read the whole of it in the recording.',
    who: 'Who asks',
    from: 'from',
    why: 'Why it is held',
    rule: (policies: readonly string[]) => `by ${policies.join(', ')}`,
    scope: 'What it touches',
    estimate: (rows: number | null) =>
      rows === null ? 'How many rows: unknown.' : `About ${count(rows, 'row')}, by the target’s own estimate.`,
    itself: 'the connection itself',
    does: 'What approving does',
    doesWaiting: 'Sends the waiting request. It passes once, exactly as it stands above.',
    doesLater: 'Nobody waits any more. Exactly the same request passes once when it is sent again in time; anything else does not.',
    clock: 'No answer until',
    noAnswer: 'refuses it.',
    needs: 'Still needed',
    needed: (people: number, groups: readonly string[], missing: readonly string[]) =>
      people === 0 && missing.length === 0
        ? 'nobody'
        : `${count(Math.max(people, missing.length), 'person', 'people')} of ${(missing.length === 0 ? groups : missing).join(', ')}`,
    digest: 'Digest',
    soFar: 'The session so far',
    stated: 'In their own words',
    nothingStated: 'Nothing was said of why it is asked.',
    unverified: (agent: boolean) => `${agent ? 'The agent' : 'Whoever asks'} says, unverified:`,
    notYours: 'You may answer this, and may not see the session it comes from.',
    session: 'The whole session',
    decide: 'Decide',
    approve: 'Approve',
    refuse: 'Refuse',
    reason: 'Reason, told to whoever asked (not needed)',
    presets: ['Not now', 'Too broad', 'Ask me first'],
    readFirst: 'Read to the end of the act first.',
    readBack: 'This cannot be taken back. What does it do?',
    back: 'Back',
    locked: 'That is not what it does. Read it again; you can answer in 30 seconds.',
    releasing: 'Approved. It is sent in 3 seconds.',
    undo: 'Undo',
    tooLate: 'Your press changed nothing.',
    answered: 'You have approved this. It needs another person.',
    mayNot: {
      own: () => 'You asked for this yourself; somebody else must answer.',
      agent: () => 'An agent may not answer.',
      stranger: (groups: readonly string[]) => `Only a member of ${groups.join(', ')} can answer.`,
    },
    ended: {
      open: '',
      approved: 'Approved. It has not been used yet.',
      used: 'Approved, and sent once.',
      denied: 'Refused. Nothing was sent.',
      expired: 'Too late: nobody answered in time. Nothing was sent.',
      withdrawn: 'Taken back: whoever asked no longer does. Nothing was sent.',
    },
    decided: { approve: 'Approved by', deny: 'Refused by' },
  },
} as const;
