import { collectDefaultMetrics, Counter, Gauge, type OpenMetricsContentType, Registry } from 'prom-client';
import type { IdpContext } from './context.ts';

/** Metrics by Keycloak's names where it has them: user events by type and outcome, active sessions; Node's own besides. */
export function createMetrics(context: IdpContext): Registry<OpenMetricsContentType> {
  const registry = new Registry<OpenMetricsContentType>();
  registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  collectDefaultMetrics({ register: registry });
  const events = new Counter({
    name: 'keycloak_user_events_total',
    help: 'Keycloak user events',
    labelNames: ['event', 'realm', 'client_id', 'error'],
    registers: [registry],
  });
  context.events.onUserEvent((event) => {
    // A client id that does not exist is the caller's text: as a label it would grow without bound.
    const known =
      event.clientId !== undefined &&
      context.state.clients.one(event.realmId, 'clientId', event.clientId) !== undefined;
    events.inc({
      event: event.type.replace(/_ERROR$/, '').toLowerCase(),
      realm: context.state.realms.get(event.realmId)?.realm ?? '',
      client_id: known ? event.clientId : '',
      error: event.error ?? '',
    });
  });
  const { state } = context;
  const sessions = new Gauge({
    name: 'keycloak_active_user_sessions',
    help: 'Sessions in the store',
    labelNames: ['offline'],
    registers: [],
    collect() {
      this.set({ offline: 'false' }, state.sessions.size);
      this.set({ offline: 'true' }, state.offlineSessions.size);
    },
  });
  const store = new Gauge({
    name: 'keycloak_store_up',
    help: '1 while the database answers',
    registers: [],
    collect() {
      this.set(state.ping() ? 1 : 0);
    },
  });
  registry.registerMetric(sessions);
  registry.registerMetric(store);
  return registry;
}
