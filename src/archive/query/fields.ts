/** How a field is compared. */
export type FieldKind = 'word' | 'words' | 'asked' | 'found' | 'count' | 'size' | 'duration' | 'time' | 'enum' | 'flag';

/** One field of the query language. `sql` is what is compared: of exchanges `x` and their sessions `s`. */
export interface Field {
  readonly kind: FieldKind;
  readonly says: string;
  readonly sql: string;
  /** Known of the session: asked of the sessions once, and not of each exchange. */
  readonly ofSession?: true;
  /** What an `enum` may be; of a flag, the condition that each word stands for. */
  readonly values?: { readonly [value: string]: string };
}

/** Asked of the exceptional alone, which are few, and not of every exchange. */
export const amongExceptional = `x.id IN (SELECT e.id FROM exchanges AS e WHERE e.verdict IS NOT 'permitted' OR e.status = 'error')`;
const barred = "(x.verdict <> 'permitted' AND x.verdict IN ('refused', 'denied', 'expired'))";
const rank = (effect: string) => `instr('read,write,schema,admin,unknown', ${effect})`;

/** As `aftermath.ts` has it: what was barred, and then reached on the same object by at least the same effect, with nobody asked. */
const workedAround = `(${amongExceptional} AND ${barred} AND EXISTS (
  SELECT 1 FROM sessions AS z CROSS JOIN exchanges AS y ON y.session_key = z.key
  WHERE z.run_key = s.run_key AND z.last_at > x.started_at AND z.started_at <= x.started_at + 600000
    AND y.started_at > x.started_at AND y.started_at <= x.started_at + 600000
    AND y.verdict = 'permitted' AND y.status = 'ok' AND ${rank('y.effect')} >= ${rank('x.effect')}
    AND EXISTS (SELECT 1 FROM json_each(x.objects) AS a JOIN json_each(y.objects) AS b
      ON json_extract(a.value, '$.name') = json_extract(b.value, '$.name'))))`;

const same = (...words: readonly string[]) => Object.fromEntries(words.map((word) => [word, word]));

export const fields: { readonly [name: string]: Field } = {
  verdict: {
    kind: 'enum',
    says: 'What became of it at the gate',
    sql: 'x.verdict',
    values: same('permitted', 'approved', 'refused', 'denied', 'expired', 'undecided'),
  },
  effect: { kind: 'enum', says: 'What it does', sql: 'x.effect', values: same('read', 'write', 'schema', 'admin', 'unknown') },
  status: {
    kind: 'enum',
    says: 'How it ended at the target',
    sql: 'x.status',
    values: same('ok', 'error', 'skipped', 'refused', 'cut', 'active'),
  },
  connection: { kind: 'word', ofSession: true, says: 'The connection', sql: 's.connection' },
  protocol: { kind: 'word', ofSession: true, says: 'What the connection speaks', sql: 's.protocol' },
  user: { kind: 'words', ofSession: true, says: 'The person, by subject or e-mail', sql: 'json_array(s.subject, s.email)' },
  agent: { kind: 'word', ofSession: true, says: 'The agent that acts for the person', sql: 's.agent' },
  group: { kind: 'words', ofSession: true, says: 'A group of the person', sql: "coalesce(json_extract(s.principal, '$.groups'), '[]')" },
  issuer: { kind: 'word', ofSession: true, says: 'Who vouched for the person', sql: 's.issuer' },
  run: { kind: 'word', ofSession: true, says: 'The run, as its sessions name it', sql: 's.run' },
  session: { kind: 'word', ofSession: true, says: 'The session’s id', sql: 's.id' },
  action: { kind: 'word', says: 'What was asked for, such as postgres:delete', sql: 'x.action' },
  object: {
    kind: 'words',
    says: 'What it touches',
    sql: "(SELECT json_group_array(json_extract(value, '$.name')) FROM json_each(x.objects))",
  },
  policy: { kind: 'words', says: 'A policy that decided', sql: 'x.policies' },
  reason: { kind: 'word', says: 'Why it was not let through', sql: 'x.reason' },
  error: {
    kind: 'words',
    says: 'The target’s error, by code or message',
    sql: "json_array(json_extract(x.error, '$.code'), json_extract(x.error, '$.message'))",
  },
  tag: { kind: 'word', says: 'The target’s closing word', sql: 'x.tag' },
  masked: {
    kind: 'words',
    says: 'What was masked, by rule, column or detector',
    sql: `(SELECT json_group_array(value) FROM (SELECT json_extract(m.value, '$.rule') AS value FROM json_each(x.masked) AS m
      UNION ALL SELECT json_extract(m.value, '$.column') FROM json_each(x.masked) AS m
      UNION ALL SELECT json_extract(m.value, '$.detector') FROM json_each(x.masked) AS m) WHERE value IS NOT NULL)`,
  },
  approval: { kind: 'word', says: 'The approval that let it pass', sql: 'x.approval' },
  text: { kind: 'asked', says: 'Found in what was asked', sql: 'asked' },
  found: { kind: 'found', says: 'Found in what came back', sql: 'found' },
  rows: { kind: 'count', says: 'Rows that came back or were touched', sql: 'x.rows' },
  bytes: { kind: 'size', says: 'Bytes of both directions', sql: 'x.bytes' },
  took: { kind: 'duration', says: 'How long it took', sql: 'x.duration_ms' },
  at: { kind: 'time', says: 'When it began', sql: 'x.started_at' },
  is: {
    kind: 'flag',
    says: 'A state',
    sql: '',
    values: {
      exceptional: amongExceptional,
      barred: `(${amongExceptional} AND ${barred})`,
      failed: `(${amongExceptional} AND x.verdict IN ('permitted', 'approved') AND x.status = 'error')`,
      first_seen: '(x.session_key, x.ordinal) IN (SELECT session_key, ordinal FROM sightings)',
      live: "s.status = 'active'",
      undecided: "(x.verdict IS NULL AND x.status = 'active')",
      worked_around: workedAround,
    },
  },
  has: {
    kind: 'flag',
    says: 'Something that not every exchange has',
    sql: '',
    values: {
      approval: 'x.approval IS NOT NULL',
      agent: 's.agent IS NOT NULL',
      cut: "x.cut <> ''",
      error: 'x.error IS NOT NULL',
      gap: "s.recording = 'gap'",
      masked: 'x.masked IS NOT NULL',
      parameters: 'x.parameters IS NOT NULL',
      reason: 'x.reason IS NOT NULL',
      run: 's.run IS NOT NULL',
      withheld: 'x.withheld IS NOT NULL',
    },
  },
};

/** Other words for the same. */
export const synonyms: { readonly [name: string]: string } = {
  who: 'user',
  person: 'user',
  email: 'user',
  service: 'connection',
  conn: 'connection',
  kind: 'protocol',
  op: 'action',
  rule: 'policy',
  duration: 'took',
  time: 'at',
};
