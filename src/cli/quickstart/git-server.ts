import { spawn } from 'node:child_process';
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

/** Who may use the sample git server. */
export interface GitLogin {
  readonly user: string;
  readonly password: string;
}

/** The company's invented git server: git's own `http-backend` over the bare repositories of a folder, for one login. */
export function createGitServer(repositories: string, login: GitLogin): Server {
  return createServer((request, response) => {
    if (isLogin(request.headers.authorization, login)) serve(repositories, login.user, request, response);
    else response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end();
  });
}

/** Runs `git http-backend`, which speaks CGI (RFC 3875), for one request. */
function serve(repositories: string, user: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '/', 'http://git');
  const { PATH } = process.env;
  const child = spawn('git', ['http-backend'], {
    env: {
      ...(PATH !== undefined && { PATH }),
      GIT_PROJECT_ROOT: repositories,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_NOSYSTEM: '1',
      HOME: repositories,
      REMOTE_USER: user,
      REQUEST_METHOD: request.method ?? '',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      CONTENT_TYPE: request.headers['content-type'] ?? '',
      ...headerVariables(request),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => response.destroy());
  child.stdin.on('error', () => {});
  request.pipe(child.stdin);
  relay(child.stdout, response);
  response.on('close', () => child.kill());
}

function headerVariables({ headers }: IncomingMessage): Record<string, string> {
  const variables: Record<string, string> = {};
  const encoding = headers['content-encoding'];
  const version = headers['git-protocol'];
  if (typeof encoding === 'string') variables['HTTP_CONTENT_ENCODING'] = encoding;
  if (typeof version === 'string') variables['GIT_PROTOCOL'] = version;
  if (headers['content-length'] !== undefined) variables['CONTENT_LENGTH'] = headers['content-length'];
  return variables;
}

/** The program's head becomes the response's, and what follows its body. */
function relay(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const read = (chunk: Buffer) => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end === -1) return;
    output.off('data', read);
    const fields = head.toString('latin1', 0, end).split('\r\n');
    const headers = fields.map((field) => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 1).trim()] as const);
    const status = headers.find(([name]) => name.toLowerCase() === 'status')?.[1] ?? '200';
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== 'status')));
    response.write(head.subarray(end + 4));
    output.pipe(response);
  };
  output.on('data', read);
}

function isLogin(offered: string | undefined, { user, password }: GitLogin): boolean {
  const [given, wanted] = [offered ?? '', `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`].map((text) =>
    Buffer.from(text),
  );
  return given !== undefined && wanted !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted);
}
