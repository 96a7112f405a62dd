import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors, type ZodFastifySchemaValidationError } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ChaperoneError, errorCodes, messageOf } from '../core/errors.ts';
import type { ApiLog } from './log.ts';
import { type Problem, problem, problemType, sendProblem } from './problem.ts';

const seeContract = 'The routes and their parameters are described at /api/v1/openapi.json.';

export function answerUnknownRoute(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '';
  return sendProblem(reply, problem('NOT_FOUND', `There is no ${request.method} ${path}.`, seeContract));
}

/** Every fault as a problem document. What was not meant for the client goes to the log alone. */
export function answerFault(log: ApiLog) {
  return (error: FastifyError, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const document = problemOf(error, request);
    if (document.status >= 500) {
      const route = request.routeOptions.url ?? null;
      log.error({ route, code: document.code, fault: messageOf(error), cause: causeOf(error) }, 'an API request failed');
    }
    return sendProblem(reply, document);
  };
}

function problemOf(error: FastifyError, request: FastifyRequest): Problem {
  if (hasZodFastifySchemaValidationErrors(error)) return invalid(error.validation, error.validationContext, request);
  if (error instanceof ChaperoneError) return faultProblem(error);
  const { statusCode } = error;
  if (statusCode === 413) return problem('LIMIT_EXCEEDED', error.message, 'Send a smaller request.');
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) return problem('REQUEST_INVALID', error.message, seeContract);
  return problem('INTERNAL', 'The request could not be answered.', 'Try again; if it stays so, tell whoever runs Chaperone.');
}

function faultProblem({ code, message }: ChaperoneError): Problem {
  if (code === 'INTERNAL') return problem(code, 'The request could not be answered.', 'Tell whoever runs Chaperone; the log says more.');
  const hint = errorCodes[code].http >= 500 ? 'Try again later; if it stays so, tell whoever runs Chaperone.' : seeContract;
  return problem(code, message, hint);
}

function invalid(issues: readonly ZodFastifySchemaValidationError[], where: string | undefined, request: FastifyRequest): Problem {
  const schema = where === 'querystring' ? request.routeOptions.schema?.querystring : undefined;
  const allowed = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
  const errors = issues.flatMap((issue) => parametersOf(issue, allowed));
  const detail = errors.map(({ parameter, message }) => `${parameter}: ${message}`).join('; ');
  return problem('REQUEST_INVALID', detail, seeContract, errors);
}

function parametersOf(issue: ZodFastifySchemaValidationError, allowed: readonly string[]): { parameter: string; message: string }[] {
  const { keys } = issue.params;
  if (issue.keyword !== 'unrecognized_keys' || !Array.isArray(keys))
    return [{ parameter: issue.instancePath.replace(/^\//, ''), message: issue.message ?? 'not valid' }];
  const instead = allowed.length === 0 ? 'this route takes none' : `allowed are ${allowed.join(', ')}`;
  return keys.map((key) => ({ parameter: String(key), message: `there is no such parameter; ${instead}` }));
}

function causeOf(error: Error): string | null {
  return error.cause === undefined ? null : messageOf(error.cause);
}

/** What Node's parser refuses before there is a request: written to the socket by hand. */
export function answerMalformed(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, document] = malformed(error.code);
  const body = JSON.stringify({ ...document, status: Number(status.slice(0, 3)) });
  const head = `HTTP/1.1 ${status}\r\ncontent-type: ${problemType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n`;
  socket.end(head + body);
}

function malformed(code: string | undefined): readonly [string, Problem] {
  if (code === 'HPE_HEADER_OVERFLOW')
    return [
      '431 Request Header Fields Too Large',
      problem('LIMIT_EXCEEDED', 'The request’s headers are larger than 64 KiB.', 'Send fewer or smaller headers.'),
    ];
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return ['408 Request Timeout', problem('REQUEST_INVALID', 'The request took too long to arrive.', 'Send it again.')];
  return ['400 Bad Request', problem('REQUEST_INVALID', 'This is not an HTTP request.', 'Check the client and the URL’s scheme.')];
}
