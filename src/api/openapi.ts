import swagger from '@fastify/swagger';
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { accessOf } from './access.ts';
import { components, noQuery } from './contract.ts';
import { csrfHeader } from './login/same-site.ts';
import type { Api } from './routes.ts';

const description =
  'The record of everything that crossed the gateway. Times are RFC 3339 UTC with milliseconds, ids are UUIDv7 and sort by time, ' +
  'unknown parameters are refused, errors are RFC 9457 problem documents with a stable code.';

/** Must come before the routes: the document is made of those registered after it. */
export async function describeRoutes(api: Api): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Chaperone', version: '1', description },
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'An OIDC token of a configured issuer' },
          cookie: {
            type: 'apiKey',
            in: 'cookie',
            name: '__Host-chaperone-console',
            description: `The console’s sign-in; what changes something also needs the header ${csrfHeader}`,
          },
        },
      },
    },
    transform: createJsonSchemaTransform({ schemaRegistry: components }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: components }),
  });
}

export function addDocumentRoute(api: Api): void {
  let text: string | null = null;
  api.get('/api/v1/openapi.json', { schema: { summary: 'This document', querystring: noQuery } }, async (_request, reply) => {
    // Described by an object, as the plug-in is told to.
    text ??= JSON.stringify(completed(api.swagger() as Described));
    return reply.type('application/json; charset=utf-8').send(text);
  });
}

const problemAnswer = {
  description: 'Anything else: a problem document',
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
};

interface Described {
  readonly paths: { readonly [path: string]: { readonly [method: string]: { readonly responses?: object } } };
}

/** Adds what holds for every route: its problems, and who may call it. */
function completed(document: Described): object {
  const paths = Object.entries(document.paths).map(([path, methods]) => {
    const access = accessOf(path.replaceAll(/\{(\w+)\}/g, ':$1'));
    const security = access === 'public' || access === 'signed' ? [] : [{ token: [] }, { cookie: [] }];
    const described = Object.entries(methods).map(([method, operation]) => {
      const responses = { ...operation.responses, default: problemAnswer };
      return [method, { ...operation, security, 'x-access': access, responses }] as const;
    });
    return [path, Object.fromEntries(described)] as const;
  });
  return { ...document, paths: Object.fromEntries(paths) };
}
