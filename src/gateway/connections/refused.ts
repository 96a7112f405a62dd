import type { ErrorCode } from '../../core/errors.ts';
import type { DraftProblem } from './draft.ts';
import type { Stamp } from './kept.ts';

/** Why a connection is not made, changed or removed. Plain data. */
export interface Refused {
  readonly kind: 'refused';
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string;
  readonly problems: readonly DraftProblem[];
}

function refused(code: ErrorCode, message: string, hint: string, problems: readonly DraftProblem[] = []): Refused {
  return { kind: 'refused', code, message, hint, problems };
}

export function notInOrder(problems: readonly DraftProblem[]): Refused {
  const [first] = problems;
  const words = first === undefined ? '' : `: ${`${first.place} ${first.message}`.trim()}`;
  return refused('REQUEST_INVALID', `The connection is not in order${words}.`, 'Correct what is named; nothing was kept.', problems);
}

/** `where` is the file and the line. */
export function fixedByFile(name: string, where: string): Refused {
  return refused('FIXED_BY_FILE', `The connection "${name}" is configured by ${where}.`, 'Change it there, and restart the gateway.');
}

export function namedByMasking(name: string): Refused {
  return refused(
    'FIXED_BY_FILE',
    `The rules of masking in the configuration file name the connection "${name}".`,
    'Remove it from them first, and restart the gateway.',
  );
}

export function nameTaken(name: string, by: string): Refused {
  return refused('NAME_TAKEN', `There is a connection "${name}" already, made by ${by}.`, 'Choose another name.');
}

export function noSuch(name: string): Refused {
  return refused('NOT_FOUND', `There is no connection "${name}".`, 'They are listed at /api/v1/connections.');
}

export function versionMissing(name: string): Refused {
  return refused(
    'VERSION_MISSING',
    `It is not said which version of the connection "${name}" is meant.`,
    'Send If-Match with the ETag that GET answered, so that nobody’s change is lost; "*" stands for whichever there is.',
  );
}

/** `changed` is null where its file cannot be read. */
export function versionStale(name: string, changed: Stamp | null): Refused {
  const how = changed === null ? 'is not what you read' : `was changed by ${changed.by} at ${changed.at}, after you had read it`;
  return refused('VERSION_STALE', `The connection "${name}" ${how}. Nothing was done.`, 'Read it anew, and decide by what it is now.');
}

export function tooMany(most: number): Refused {
  return refused('LIMIT_EXCEEDED', `There are ${most} connections that were made in the console, and there may be no more.`, 'Remove one.');
}

export function notRecorded(why: string): Refused {
  return refused('RECORDER_FAULT', `This could not be recorded (${why}), so it was not done.`, 'Try again once the gateway can record.');
}
