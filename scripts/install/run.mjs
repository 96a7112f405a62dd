import { spawn } from 'node:child_process';

/** Runs a command with its output shown, or hidden and put into the error; rejects unless it exits with 0. */
export function run(command, args, { shown = true, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', shown ? 'inherit' : 'pipe', shown ? 'inherit' : 'pipe'], ...options });
    const output = [];
    child.stdout?.on('data', (chunk) => output.push(chunk));
    child.stderr?.on('data', (chunk) => output.push(chunk));
    child.on('error', (cause) => reject(new Error(`${command} could not be started: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => {
      const text = Buffer.concat(output).toString('utf8').trim();
      if (code === 0) resolve(text);
      else reject(new Error(`\`${[command, ...args].join(' ')}\` ended with ${signal ?? `code ${code}`}.${text && `\n${text}`}`));
    });
  });
}
