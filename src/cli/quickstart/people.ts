/** One of the demonstration's invented people. */
export interface Person {
  /** What they sign in as, and their token file's name. */
  readonly name: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly says: string;
}

export const people = [
  { name: 'dana', email: 'dana@example.test', groups: ['engineering'], says: 'an engineer' },
  { name: 'omar', email: 'omar@example.test', groups: ['dba', 'engineering'], says: 'the DBA, who also administers Chaperone' },
  { name: 'ada', email: 'ada@example.test', groups: ['audit'], says: 'the auditor, who reads every recording and reaches no target' },
  { name: 'sam', email: 'sam@example.test', groups: ['sales'], says: 'a colleague whom no policy lets in' },
] as const satisfies readonly Person[];

/** The agent, and the person it acts for. */
export const agent = { name: 'cursor', actsFor: 'dana' } as const;

/** The OAuth clients of the demonstration: one for the people's terminals, one for the agent, and the console. */
export const clients = { people: 'terminal', agent: agent.name, console: 'console' } as const;

export const grants = {
  /** This demonstration's own: a token for one of its people, in place of a sign-in page. */
  person: 'urn:chaperone:demonstration:person',
  /** RFC 8693. */
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
} as const;

export const audience = 'chaperone';
export const tokenLifetimeSeconds = 3600;
