// The long forms of test/audit, each a program by its name: `npm run audit -- NAME [--rounds N | --minutes N] [--seed S]`.
// docs/audits.md says what each one shows. A failure names its seed; the same seed does the same again, as far as kills and
// networks let it.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root } from './install/root.mjs';

/** What each audit counts its rounds in, and how long its long form is. */
const audits = {
  fuzz: { tests: ['fuzz'], rounds: 1_000_000 },
  split: { tests: ['split'], rounds: 1_000 },
  corpus: { tests: ['corpus', 'dump'], rounds: 1 },
  loss: { tests: ['crash', 'power'], rounds: 200 },
  'loss-web': { tests: ['http-crash', 'git-crash'], rounds: 50 },
  journal: { tests: ['hardness', 'damage', 'journal-crash', 'journal-fault', 'disk-full', 'drain'], rounds: 1 },
  soak: { tests: ['soak'], minutes: 30 },
  console: { tests: ['console'], rounds: 3 },
  canary: { tests: ['canary', 'canary-originals', 'canary-approvals'], rounds: 1 },
};
const names = Object.keys(audits).join('|');
const usage = `usage: npm run audit -- ${names} [--rounds N | --minutes N] [--seed S]`;
const options = { rounds: { type: 'string' }, minutes: { type: 'string' }, seed: { type: 'string' } };

try {
  run(readArguments());
} catch (fault) {
  console.error(`${fault.message}\n${usage}`);
  process.exitCode = 2;
}

function readArguments() {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  for (const [name, value] of Object.entries(values)) if (!/^[1-9]\d{0,9}$/.test(value)) throw new Error(`--${name} takes a number`);
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new Error('name one audit');
  if (!Object.hasOwn(audits, name)) throw new Error(`there is no audit "${name}"`);
  return { ...audits[name], ...values };
}

function run({ tests, rounds, minutes, seed }) {
  const given = { CHAPERONE_AUDIT_ROUNDS: rounds, CHAPERONE_AUDIT_MINUTES: minutes, CHAPERONE_AUDIT_SEED: seed };
  const env = { ...process.env };
  for (const [name, value] of Object.entries(given)) if (value !== undefined) env[name] = String(value);
  const files = tests.map((test) => `test/audit/${test}.test.ts`);
  const child = spawn(process.execPath, ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files], {
    cwd: root,
    env,
    stdio: 'inherit',
  });
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}
