// What a thread of the gateway runs: the program, which knows by the thread's data which part it is.
import './kept-code.js';
await import('../src/main.ts');
