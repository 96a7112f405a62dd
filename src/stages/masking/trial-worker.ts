import { parentPort, workerData } from 'node:worker_threads';
import { type TrialOrder, tryMasking } from './trial.ts';

parentPort?.postMessage(tryMasking(workerData as TrialOrder));
