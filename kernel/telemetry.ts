import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Db } from './db.ts';
import type { App } from './http/server.ts';

/** One registry a service, so that several in one process do not mix their figures. */
export interface Metrics {
  readonly registry: Registry;
  counter(name: string, help: string, labels?: string[]): Counter;
  histogram(name: string, help: string, buckets: number[], labels?: string[]): Histogram;
  /** Asked for its value at each scrape. */
  gauge(name: string, help: string, value: () => number): void;
  /** The same for several at once, by their labels. Where they cannot be had, the scrape goes on without them. */
  gauges(name: string, help: string, labels: string[], values: () => Promise<LabelledValue[]>): void;
}

export interface LabelledValue {
  labels: Record<string, string>;
  value: number;
}

export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  collectDefaultMetrics({ register: registry });
  const common = (name: string, help: string, labels: string[] = []) => ({
    name,
    help,
    labelNames: labels,
    registers: [registry],
  });
  return {
    registry,
    counter: (name, help, labels) => new Counter(common(name, help, labels)),
    histogram: (name, help, buckets, labels) => new Histogram({ ...common(name, help, labels), buckets }),
    gauge: (name, help, value) => {
      new Gauge({
        ...common(name, help),
        collect() {
          this.set(value());
        },
      });
    },
    gauges: (name, help, labels, values) => {
      new Gauge({
        ...common(name, help, labels),
        async collect() {
          const found = await values().catch(() => []);
          this.reset();
          for (const one of found) this.set(one.labels, one.value);
        },
      });
    },
  };
}

/** Durations of requests by route, and the state of the connection pool. */
export function httpMetrics(app: App, metrics: Metrics, db: Db): void {
  const duration = metrics.histogram(
    'http_request_duration_seconds',
    'Time from the first byte of a request to the last byte of its answer',
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    ['method', 'route', 'status'],
  );
  metrics.gauge('db_connections', 'Open database connections', () => db.gauge.total);
  metrics.gauge('db_connections_idle', 'Open database connections without work', () => db.gauge.idle);
  metrics.gauge('db_connection_waiters', 'Requests that wait for a connection', () => db.gauge.waiting);
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
  });
}
