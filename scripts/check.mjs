// The static checks: types (the console’s apart, which are a browser's), lint, format, unused code. Two at a time; a line each; exit 1 if any complains.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { root } from './install/root.mjs';

const checks = [
  { name: 'types', command: ['tsc'] },
  { name: 'web', command: ['tsc', '--project', 'web'] },
  { name: 'lint', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'format', command: ['biome', 'format', '--error-on-warnings', '.'] },
  { name: 'unused', command: ['knip', '--treat-config-hints-as-errors', '--no-progress'] },
];
const atOnce = 2;

const waiting = [...checks];
const outcomes = [];
await Promise.all(Array.from({ length: atOnce }, work));
if (outcomes.includes(false)) {
  console.error('\nThe checks found something: see above. `npm run format` mends the format.');
  process.exitCode = 1;
}

async function work() {
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) outcomes.push(await check(next));
}

async function check({ name, command: [tool, ...args] }) {
  const begun = performance.now();
  const { code, output } = await outputOf(join(root, 'node_modules', '.bin', tool), args);
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  console.log(`${name.padEnd(8)}${code === 0 ? 'ok    ' : 'failed'} ${seconds.padStart(5)} s`);
  if (code !== 0) console.error(`\n$ ${[tool, ...args].join(' ')}\n${output.trimEnd()}\n`);
  return code === 0;
}

function outputOf(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], shell: process.platform === 'win32' });
    const chunks = [];
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (fault) => resolve({ code: 1, output: fault.message }));
    child.on('close', (code) => resolve({ code, output: Buffer.concat(chunks).toString('utf8') }));
  });
}
