import { layGround } from './ground/ground.ts';
import { describeMachine } from './machine.ts';
import { type Options, readOptions } from './options.ts';
import { fileOf } from './report/document.ts';
import { keepLast, save } from './report/saved.ts';
import { tablesOf } from './report/tables.ts';
import { terminalText } from './report/terminal.ts';
import type { Results } from './results.ts';
import { benchConnect } from './stages/connect.ts';
import { benchCopy } from './stages/copy.ts';
import { benchGit } from './stages/git.ts';
import { benchGate } from './stages/gate.ts';
import { benchIdle } from './stages/idle.ts';
import { benchHttp } from './stages/http.ts';
import { benchMasking } from './stages/masking.ts';
import { benchPgbench } from './stages/pgbench.ts';
import { benchProcesses } from './stages/processes.ts';
import { benchResult } from './stages/result.ts';

const options = readOptions(process.argv.slice(2));
if (typeof options === 'string') {
  console.error(options);
  process.exitCode = 2;
} else if (process.platform === 'linux') process.exitCode = await perform(options);
else {
  console.error('The benchmark reads processor time and memory from /proc, so it runs on Linux alone.');
  process.exitCode = 1;
}

/** Runs what was asked for and takes everything down again, interrupted or not. Returns the exit code. */
async function perform(chosen: Options): Promise<number> {
  const stopped = new AbortController();
  const stop = () => stopped.abort(new Error('interrupted'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  try {
    const results = await measure(chosen, stopped.signal);
    for (const table of tablesOf(results)) console.log(terminalText(table));
    keepLast(results);
    if (chosen.save) save(results);
    console.log(`\nAll figures: bench/results/${chosen.save ? fileOf(results) : 'last.json'}`);
    return 0;
  } catch (fault) {
    if (!stopped.signal.aborted) throw fault;
    console.error('Interrupted; everything that was started is stopped and removed.');
    return 130;
  }
}

async function measure(chosen: Options, signal: AbortSignal): Promise<Results> {
  const date = new Date().toISOString();
  const machine = await describeMachine();
  await using ground = await layGround(chosen, signal, (line) => console.log(line));
  const has = (stage: Options['stages'][number]) => {
    signal.throwIfAborted();
    return chosen.stages.includes(stage);
  };
  return {
    date,
    options: chosen,
    machine: { ...machine, postgres: (await ground.target.ask('show server_version')).split(' ')[0] ?? '' },
    pgbench: has('pgbench') ? await benchPgbench(ground) : [],
    copy: has('copy') ? await benchCopy(ground) : [],
    result: has('result') ? await benchResult(ground) : [],
    idle: has('idle') ? await benchIdle(ground) : [],
    connect: has('connect') ? await benchConnect(ground) : [],
    processes: has('processes') ? await benchProcesses(ground) : [],
    ...(has('gate') && { gate: await benchGate(ground) }),
    ...(has('masking') && { masking: await benchMasking(ground) }),
    ...(has('http') && { http: await benchHttp(ground) }),
    ...(has('git') && { git: await benchGit(ground) }),
  };
}
