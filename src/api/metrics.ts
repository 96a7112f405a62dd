import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { GatewayStatus, Measure } from './gateway-port.ts';
import { measureLabels } from './gateway-port.ts';

/** The Prometheus side of the API: what the gateway counts, what the API itself does, and the process. */
export interface Metrics {
  readonly contentType: string;
  /** Counts one answered request by its route's pattern, never by its path. */
  observe(method: string, route: string, status: number, seconds: number): void;
  render(status: GatewayStatus): Promise<string>;
}

export function createMetrics(): Metrics {
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const requests = new Histogram({
    name: 'chaperone_api_request_duration_seconds',
    help: 'Time from a request to the end of its answer, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [own],
  });
  return {
    contentType: own.contentType,
    observe: (method, route, status, seconds) => requests.observe({ method, route, status: String(status) }, seconds),
    render: async (status) => `${await gatewayRegistry(status).metrics()}\n${await own.metrics()}`,
  };
}

function gatewayRegistry(status: GatewayStatus): Registry {
  const registry = new Registry();
  const { ready, sessions, measures } = status;
  const all: readonly Measure[] = [
    { name: 'chaperone_ready', help: 'Whether new sessions would be admitted and recorded.', type: 'gauge', value: ready === null ? 1 : 0 },
    { name: 'chaperone_sessions_active', help: 'Sessions going on.', type: 'gauge', value: sessions.active },
    ...measures,
  ];
  for (const { name, help, type, value, labels = {} } of all) {
    const known = registry.getSingleMetric(name);
    const options = { name, help, labelNames: [...measureLabels], registers: [registry] };
    if (type === 'counter') (known instanceof Counter ? known : new Counter(options)).inc(labels, value);
    else (known instanceof Gauge ? known : new Gauge(options)).set(labels, value);
  }
  return registry;
}
