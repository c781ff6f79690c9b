import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type House, openHouse } from './open-house.ts';

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly expr: string }[] }[];
}

let house: House;
beforeAll(async () => {
  house = await openHouse();
});
afterAll(() => house[Symbol.asyncDispose]());

it('the Grafana dashboard asks only for metrics and labels that Keyturn has', async () => {
  const file = join(import.meta.dirname, '..', '..', '..', '..', 'deploy/grafana/keyturn.json');
  const dashboard = JSON.parse(await readFile(file, 'utf8')) as Dashboard;
  const { text } = await house.get(`${house.managementUrl}/metrics`);
  const families = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  const exists = (name: string): boolean =>
    families.has(name) || families.get(name.replace(/_(?:bucket|count|sum)$/, '')) === 'histogram';
  const asked = dashboard.panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ expr }) =>
      [...expr.matchAll(/\b([a-z][a-z0-9_]*)\{/g)].map(([, name = '']) => ({ title, name })),
    ),
  );
  expect(asked.length).toBeGreaterThan(12);
  expect(asked.filter(({ name }) => !exists(name))).toEqual([]);
  expect(dashboard.panels.filter(({ targets }) => targets.length === 0)).toEqual([]);
});

it('every metric of seed 003 is there under its name in Prometheus’ form', async () => {
  const { text } = await house.get(`${house.managementUrl}/metrics`);
  for (const name of [
    'tools_provider_token_exchange_count_total',
    'tools_provider_token_exchange_duration_seconds',
    'tools_provider_token_exchange_errors_total',
    'tools_provider_token_exchange_cache_hits_total',
    'tools_provider_circuit_breaker_state',
    'tools_provider_circuit_breaker_opens_total',
  ]) {
    expect(text).toContain(`# TYPE ${name} `);
  }
});
