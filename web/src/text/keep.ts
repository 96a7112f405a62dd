import { count } from './counting.ts';

/** What is configured, and what can be checked. */
export const keepWords = {
  connections: {
    byFile: 'Configured by the gateway’s file; changed there. Credentials are never shown.',
    none: 'No connection is configured.',
    noneHint: 'Connections stand in the configuration file, under connections.',
    durability: 'Recorded before it crosses',
    durabilities: { write: 'in the kernel', fsync: 'on disk' },
    onFailure: 'Where the record fails',
    failures: { stop: 'nothing crosses', gap: 'it crosses, with a signed gap' },
    kept: 'Content kept',
    upTo: (size: string) => `up to ${size} an exchange`,
    retention: 'Retention',
  },
  policies: {
    version: 'Version',
    since: 'in force since',
    none: 'No policy: nothing is permitted.',
    noneHint: 'Policies stand in the folder that the configuration names under policies.',
    notInForce: 'What the folder holds now is not in force:',
    kinds: { permit: 'permits', forbid: 'refuses', asks: 'holds' },
    lifted: (group: string) => `A member of ${group} can approve it.`,
    breakGlass: (group: string) => `A member of ${group} can pass it by giving a reason.`,
  },
  audit: {
    says: 'Who looked at what, who decided, and what the gateway did.',
    none: 'Nothing has happened yet.',
    event: 'Event',
    detail: 'Detail',
  },
  health: {
    ready: 'New sessions are admitted and recorded.',
    open: (sessions: number) => `${count(sessions, 'session')} open.`,
    proof: 'Check the record without the gateway',
    proofSays: 'The record can be read and checked offline, from the state folder alone, on another machine.',
    proofCommand: 'chaperone sessions --state DIR\nchaperone replay SESSION --state DIR',
    you: 'You',
    subject: 'Subject',
    issuer: 'Issuer',
    groups: 'Groups',
    noGroups: 'none',
    sees: 'Record',
    seesWhat: { all: 'everybody’s; each look is on the audit trail', own: 'your own' },
  },
} as const;
