// Keeps compiled code, so that a start neither strips types nor compiles again. Measured: a third less CPU to start, and 12 MB less
// memory in each thread, which Node's own TypeScript compiler takes. It must be loaded before the first TypeScript file, so it is none.
// The folder is beside the code and not in the system's folder for temporary files, where others could put something in its place;
// where it cannot be written there is none.
import { enableCompileCache, flushCompileCache } from 'node:module';
import { join } from 'node:path';

enableCompileCache(join(import.meta.dirname, '..', 'node_modules', '.cache', 'compile'));
// Node writes at the end alone, and a gateway may be killed.
setTimeout(flushCompileCache, 3_000).unref();
