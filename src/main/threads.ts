import { ChaperoneError } from '../core/errors.ts';
import { startThread, type Thread } from '../gateway/thread.ts';
import type { ApiHandlers, ArchiveHandlers, MainHandlers, Role } from './calls.ts';

/** The threads of a gateway. They are started before anything is known of it, so that they load while the configuration is read. */
export interface Threads extends AsyncDisposable {
  readonly archive: Thread<ArchiveHandlers>;
  readonly api: Thread<ApiHandlers>;
  /** Gives the threads what answers them; what they ask before is refused. */
  answerBy(answers: MainHandlers): void;
}

/** `entry` is the program, which every thread runs by its role. */
export function startThreads(entry: URL): Threads {
  let answers: MainHandlers | null = null;
  const known = (): MainHandlers => {
    if (answers === null) throw new ChaperoneError('INTERNAL', 'the gateway is starting');
    return answers;
  };
  const handlers: MainHandlers = {
    audit: async (event) => known().audit(event),
    told: async (told) => known().told(told),
    status: async () => known().status(null),
    connections: async () => known().connections(null),
    protocols: async () => known().protocols(null),
    makeConnection: async (wish) => known().makeConnection(wish),
    changeConnection: async (change) => known().changeConnection(change),
    removeConnection: async (change) => known().removeConnection(change),
    tryConnection: async (order) => known().tryConnection(order),
    policies: async () => known().policies(null),
    policyCatalogs: async () => known().policyCatalogs(null),
    checkPolicies: async (files) => known().checkPolicies(files),
    terminate: async (termination) => known().terminate(termination),
  };
  const archive = startThread<ArchiveHandlers>(entry, 'archive' satisfies Role, handlers);
  const api = startThread<ApiHandlers>(entry, 'api' satisfies Role, handlers);
  const end = async () => void (await Promise.all([archive.terminate(), api.terminate()]));
  return { archive, api, answerBy: (given) => (answers = given), [Symbol.asyncDispose]: end };
}
