import { type Logger, pino } from 'pino';

/** A thread's own log, to standard error. */
export function createLog(level: 'info' | 'warn'): Logger {
  return pino({ base: null, level: process.env['CHAPERONE_LOG'] ?? level }, pino.destination({ fd: 2, sync: true }));
}
