// The long form of test/audit: kills a gateway under load again and again, and compares what crossed with what is on record.
// `npm run audit -- --rounds N --seed S`; the same seed sends the same statements, but a kill never comes at the same instant.
import { spawn } from 'node:child_process';
import { parseArgs } from 'node:util';
import { root } from './install/root.mjs';

const usage = 'usage: npm run audit -- [--rounds N] [--seed S]';
const options = { rounds: { type: 'string', default: '100' }, seed: { type: 'string' } };

try {
  run(readArguments());
} catch (fault) {
  console.error(`${fault.message}\n${usage}`);
  process.exitCode = 2;
}

function readArguments() {
  const { values } = parseArgs({ options });
  for (const [name, value] of Object.entries(values)) if (!/^[1-9]\d{0,9}$/.test(value)) throw new Error(`--${name} takes a number`);
  return values;
}

function run({ rounds, seed }) {
  const env = { ...process.env, CHAPERONE_AUDIT_ROUNDS: rounds, ...(seed === undefined ? {} : { CHAPERONE_AUDIT_SEED: seed }) };
  const child = spawn(process.execPath, ['--test', '--test-concurrency=1', 'test/audit/*.test.ts'], { cwd: root, env, stdio: 'inherit' });
  child.on('close', (code) => {
    process.exitCode = code ?? 1;
  });
}
