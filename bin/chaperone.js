#!/usr/bin/env node
// Chaperone's sources are TypeScript that Node runs as it is, from version 24 on. An older Node hands over to the one in node_modules.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const leastMajor = 24;
const own = fileURLToPath(new URL(`../node_modules/.bin/node${process.platform === 'win32' ? '.cmd' : ''}`, import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= leastMajor) await run();
else if (existsSync(own)) handOver();
else refuse();

async function run() {
  await import('./kept-code.js');
  await import('../src/main.ts');
}

function handOver() {
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(own, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  // A terminal sends its interrupt to both processes; one more would be taken for impatience.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (fault) => refuse(fault.message));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

function refuse(cause = `there is none at ${own}`) {
  console.error(`chaperone: this is Node ${process.version}; version ${leastMajor} or newer is needed, and ${cause}.`);
  console.error('chaperone: run `node scripts/install.mjs` in the project, which brings one along, or start it with a newer Node.');
  process.exit(1);
}
