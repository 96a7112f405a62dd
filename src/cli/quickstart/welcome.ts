import { relative } from 'node:path';
import type { QuickstartFolder } from './folder.ts';
import { billing, orders, repository } from './sample-connections.ts';

/** What the last lines tell. */
export interface Welcome {
  readonly console: string;
  readonly database: { readonly host: string; readonly port: number };
  readonly web: { readonly host: string; readonly port: number };
  /** A sample session to replay; null where there is none. */
  readonly session: string | null;
  /** The approval that the agent waits for; null where it waits for none. */
  readonly approval: string | null;
  readonly issuer: string;
}

/** The block that `npm start` ends with. Every command in it works when pasted in the folder where it was printed. */
export function welcomeText(folder: QuickstartFolder, { console, database, web, session, approval, issuer }: Welcome): string {
  const near = relative(process.cwd(), folder.root);
  const here = near.startsWith('..') || near === '' ? folder.root : near;
  const token = (role: string) => `${here}/tokens/${role}.jwt`;
  const server = console === defaultConsole ? '' : ` --server ${console}`;
  const port = database.port === defaultPort ? '' : ` --port ${database.port}`;
  const command = (role: string, words: string, more = '') => `./bin/chaperone.js ${words} --token-file ${token(role)}${server}${more}`;
  const direct = `"host=${database.host} port=${database.port} user=dana dbname=${orders} application_name=cursor;run=mine"`;
  const lines = [
    'DEMONSTRATION: loopback only, no TLS, invented people and data. Not for real use.',
    '',
    `  console    ${console}    (sign in as one of the people; no passwords)`,
    `  API        ${console}/api/v1    (OpenAPI: ${console}/api/v1/openapi.json)`,
    `  database   ${database.host}:${database.port}, connection "${orders}"; its password stays with Chaperone`,
    `  web        http://${web.host}:${web.port}, connections "${billing}" (an HTTP API) and "${repository}" (a git repository)`,
    `  identity   ${issuer}`,
    `  tokens     ${here}/tokens/{agent,engineer,dba,auditor,stranger}.jwt, valid for an hour and renewed while this runs`,
    '',
    'Work on the database as the agent that acts for dana:',
    `  PGPASSWORD=$(cat ${token('agent')}) psql ${direct}`,
    'The same where no psql is installed:',
    `  ${command('agent', `connect ${orders} --execute "select name, city from customers limit 5"`, port)}`,
    ...(approval === null
      ? ['See what people are asked, and answer as the DBA (approve ID, deny ID --reason TEXT):']
      : ['The agent waits for a DBA right now. See what it asks, and let it pass:']),
    `  ${command('dba', 'approvals')}`,
    ...(approval === null ? [] : [`  ${command('dba', `approve ${approval}`)}`]),
    'Ask the billing API, and clone the web application:',
    `  curl --silent --header "Authorization: Bearer $(cat ${token('agent')})" http://${web.host}:${web.port}/${billing}/customers/2`,
    `  git -c http.extraHeader="Authorization: Bearer $(cat ${token('agent')})" ls-remote http://${web.host}:${web.port}/${repository}`,
    'See what was done, rows included:',
    `  ${command('auditor', 'sessions')}`,
    ...(session === null ? [] : [`  ${command('auditor', `replay ${session}`)}`]),
    `  ${command('auditor', 'search iban')}`,
    '',
    `Ctrl-C stops everything. Remove ${here} to begin anew.`,
  ];
  return `\n${lines.join('\n')}\n`;
}

const defaultConsole = 'http://127.0.0.1:8080';
const defaultPort = 15_432;
