/** The names under which clients reach the sample targets: a database, an HTTP API, and a git repository. */
export const orders = 'orders';
export const billing = 'billing';
export const repository = 'web-app';

/** Whom the gateway is on the sample git server. */
export const gitUser = 'bot';
