import { z } from 'zod';
import * as contract from './contract.ts';
import type { GatewayPort, GatewayStatus } from './gateway-port.ts';
import { ChaperoneError, messageOf } from '../core/errors.ts';
import type { Metrics } from './metrics.ts';
import { problem, sendProblem } from './problem.ts';
import type { Api } from './routes.ts';

/** What a load balancer and a monitoring system ask, without a token: nothing here names a person or a request. */
export function addHealthRoutes(api: Api, gateway: GatewayPort, metrics: Metrics): void {
  api.get('/healthz', { schema: { summary: 'The process answers', response: { 200: contract.alive } } }, async () => ({
    status: 'ok' as const,
  }));
  api.get(
    '/readyz',
    { schema: { summary: 'New sessions would be admitted and recorded', response: { 200: contract.ready } } },
    async (_request, reply) => {
      const { ready, sessions } = await statusOf(gateway);
      if (ready === null) return { status: 'ready' as const, activeSessions: sessions.active };
      return sendProblem(reply, problem('RECORDER_FAULT', ready, 'Send traffic to another replica until this one is ready again.'));
    },
  );
  api.get('/metrics', { schema: { summary: 'Prometheus metrics', response: { 200: z.string() } } }, async (_request, reply) => {
    const text = await metrics.render(await statusOf(gateway));
    return reply.type(metrics.contentType).send(text);
  });
}

async function statusOf(gateway: GatewayPort): Promise<GatewayStatus> {
  try {
    return await gateway.status();
  } catch (fault) {
    throw new ChaperoneError('RECORDER_FAULT', `the gateway does not say how it is (${messageOf(fault)})`, { cause: fault });
  }
}
