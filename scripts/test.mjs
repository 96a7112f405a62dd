// All tests, in two runs: the quick ones together in one process, then those with servers and clients in a process each.
// `npm test -- PATH…` runs only these files or folders, without the checks.
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, matchesGlob, relative, resolve } from 'node:path';
import { root } from './install/root.mjs';

const runs = [
  { name: 'unit', patterns: ['src/**/*.test.ts', 'test/*.test.ts'], options: ['--test-isolation=none'] },
  { name: 'whole', patterns: ['test/*/**/*.test.ts'], options: ['--test-concurrency=2'] },
];
/** A test that waits for ever, and a run that a forgotten socket or timer keeps alive, must fail rather than hang. */
const testLimitMs = 180_000;
const runLimitMs = 1_500_000;

const scratch = mkdtempSync(join(tmpdir(), 'chaperone-test-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const wanted = process.argv.slice(2);
const checked = wanted.length > 0 || (await succeeds(process.execPath, [join(root, 'scripts', 'check.mjs')])) === null;
const selected = wanted.length > 0 ? filesOf(wanted) : null;
const tallies = [];
for (const run of runs) {
  const files = globSync(run.patterns, { cwd: root }).toSorted();
  const chosen = selected === null ? files : files.filter((file) => selected.has(file));
  if (chosen.length > 0) tallies.push(await perform(run, chosen));
}
report();

async function perform({ name, options }, files) {
  const list = join(scratch, `${name}.ndjson`);
  const reporters = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  reporters.push(`--test-reporter=${join(root, 'scripts', 'tally.mjs')}`, `--test-reporter-destination=${list}`);
  console.log(`\n${name} tests: ${files.length} files`);
  const trouble = await succeeds(process.execPath, ['--test', ...options, `--test-timeout=${testLimitMs}`, ...reporters, ...files]);
  return { name, trouble, ...countsOf(list) };
}

/** Null when the command exits with 0, otherwise how it ended. */
function succeeds(command, args) {
  const env = { ...process.env, NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile') };
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    const limit = setTimeout(() => child.kill('SIGKILL'), runLimitMs);
    child.on('error', (fault) => done(fault.message));
    child.on('close', (code, signal) => {
      clearTimeout(limit);
      done(code === 0 ? null : signal === null ? `exit code ${code}` : `${signal} after at most ${runLimitMs / 1000} s`);
    });
  });
}

function countsOf(list) {
  const lines = readFileSync(list, { encoding: 'utf8', flag: 'a+' }).split('\n').filter(Boolean);
  const events = lines.map((line) => JSON.parse(line));
  return { skips: events.filter((event) => 'skipped' in event), counts: events.findLast((event) => 'counts' in event)?.counts ?? null };
}

/** The files that arguments name: a file, a folder, or a pattern. */
function filesOf(args) {
  const all = globSync(
    runs.flatMap((run) => run.patterns),
    { cwd: root },
  );
  const chosen = args.flatMap((argument) => {
    const path = relative(root, resolve(argument));
    const isFolder = statSync(resolve(argument), { throwIfNoEntry: false })?.isDirectory() ?? false;
    const found = all.filter((file) => matchesGlob(file, isFolder ? `${path}/**` : path));
    if (found.length === 0) {
      console.error(`No test file is named by ${argument}.`);
      process.exitCode = 1;
    }
    return found;
  });
  return new Set(chosen);
}

function report() {
  const total = (name) => tallies.reduce((sum, { counts }) => sum + (counts?.[name] ?? 0), 0);
  const passed = total('passed');
  const failed = total('failed') + total('cancelled');
  const skips = tallies.flatMap((tally) => tally.skips);
  console.log('');
  for (const { skipped, file, reason } of skips) console.log(`skipped: ${file}: ${skipped}: ${reason}`);
  const broken = tallies.filter(({ counts, trouble }) => counts === null || (trouble !== null && counts.failed + counts.cancelled === 0));
  for (const { name, trouble } of broken) console.log(`The ${name} tests did not end well: ${trouble ?? 'no count was written'}.`);
  if (!checked) console.log('The static checks failed; see the top.');
  if (passed + failed === 0) console.log('No test was run.');
  console.log(`${passed} passed, ${failed} failed, ${total('skipped') + total('todo')} skipped`);
  if (!checked || failed > 0 || broken.length > 0 || passed === 0) process.exitCode = 1;
}
