import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkMasking, loadMaskingSchema } from './masking.ts';
import { labelOf } from './problem.ts';

const connections = new Set(['orders', 'billing']);

async function problemsOf(section: object): Promise<readonly string[]> {
  const problems: string[] = [];
  checkMasking(await loadMaskingSchema(section), section, connections, (place, message, remedy) =>
    problems.push(`${labelOf(place)}: ${message} ${remedy}`),
  );
  return problems;
}

describe('what is masked, of connections that are there', () => {
  const action = 'redact';
  const cases: readonly (readonly [section: object, problem: RegExp | null])[] = [
    [{ columns: [{ column: 'orders:public.users.email', action }] }, null],
    [{ columns: [{ column: '*:public.users.email', action }] }, null],
    [{ detectors: [{ detect: ['email'], action }] }, null],
    [
      { columns: [{ column: 'oders:a.b.c', action }] },
      /^masking\.columns\[0\]\.column: there is no connection "oders" to mask Did you mean "orders"\?$/,
    ],
    [
      { detectors: [{ detect: ['email'], connections: ['orders', 'bulling'], action }] },
      /^masking\.detectors\[0\]\.connections\[1\]: .*"bulling".* Did you mean "billing"\?$/,
    ],
    [
      { patterns: [{ name: 'a', pattern: 'b', connections: ['zzzzzz'], action }] },
      /^masking\.patterns\[0\]\.connections\[0\]: .* There are: orders, billing\.$/,
    ],
    [{ originals: { recipients: ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj'] } }, null],
    [
      { originals: { recipients: ['age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwk'] } },
      /recipients\[0\]: is no public key of age Write the one that age-keygen shows/,
    ],
    [
      { originals: { recipients: ['AGE-SECRET-KEY-1ABC'] } },
      /recipients\[0\]: (?!.*1ABC)is a secret key, which the gateway must never have Make a new pair/,
    ],
    [{ originals: { recipients: [] } }, /recipients: is empty Name the public key of an auditor/],
    [{ columns: [{ column: 'orders:public', action }] }, /expected connection:schema\.table\.column/],
  ];
  for (const [section, problem] of cases)
    test(JSON.stringify(section), async () => {
      const problems = await problemsOf(section);
      assert.equal(problems.length, problem === null ? 0 : 1, problems.join('\n'));
      if (problem !== null) assert.match(problems[0] ?? '', problem);
    });
});
