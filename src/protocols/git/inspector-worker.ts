import { parentPort } from 'node:worker_threads';
import { inspect } from './inspect.ts';
import type { InspectionJob } from './inspection.ts';

/** Reads patches and looks for secrets in a thread of its own: a large push must not hold up what else passes the gateway. */
parentPort?.on('message', ({ id, job }: { id: number; job: InspectionJob }) => {
  inspect(job).then(
    (inspected) => parentPort?.postMessage({ id, inspected }),
    (fault: unknown) => parentPort?.postMessage({ id, fault: fault instanceof Error ? fault.message : String(fault) }),
  );
});
