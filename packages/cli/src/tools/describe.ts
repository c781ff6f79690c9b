import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { linesOf, objectsIn } from '../ask.ts';
import { formatTable } from './table.ts';

/** A source for people. */
export function describeSource(source: JsonObject): string {
  const counts = isJsonObject(source['tool_counts']) ? source['tool_counts'] : {};
  const auth = isJsonObject(source['auth']) ? linesOf(source['auth']['kind']) : '';
  const states = Object.entries(counts).flatMap(([state, count]) =>
    count === 0 ? [] : [`${linesOf(count)} ${state}`],
  );
  const warnings = Array.isArray(source['warnings']) ? source['warnings'].map(linesOf) : [];
  const rows = [
    ['id', linesOf(source['id'])],
    ['slug', linesOf(source['slug'])],
    ['url', linesOf(source['url']) === '' ? '(uploaded)' : linesOf(source['url'])],
    ['tools', states.length === 0 ? '0' : states.join(', ')],
    ['audience', linesOf(source['default_audience'])],
    ['auth', auth],
    ['review', linesOf(source['review'])],
    ['enabled', linesOf(source['is_enabled'])],
    ['last sync', `${linesOf(source['last_sync_at'])} ${linesOf(source['last_sync_outcome'])}`],
    ['error', linesOf(source['last_sync_error'])],
  ].filter(([, value]) => value?.trim() !== '');
  return [formatTable(rows), ...warnings.map((warning) => `warning: ${warning}`)].join('\n');
}

/** What a re-sync found: + added, ~ changed, - removed, and what waits. */
export function describeDiff(refreshed: JsonObject, source: string, dryRun: boolean): string {
  const diff = isJsonObject(refreshed['diff']) ? refreshed['diff'] : {};
  const names = (member: string): readonly string[] => {
    const list = diff[member];
    return Array.isArray(list) ? list.map(linesOf) : [];
  };
  const pending = new Set(names('pending'));
  const line = (sign: string) => (name: string) => `  ${sign} ${name}${pending.has(name) ? '  (waits)' : ''}`;
  const lines = [
    ...names('added').map(line('+')),
    ...names('changed').map(line('~')),
    ...names('removed').map(line('-')),
  ];
  const sum = `${names('added').length} added, ${names('changed').length} changed, ${names('removed').length} removed`;
  return [
    ...lines,
    `${dryRun ? 'A re-sync would bring' : 'The re-sync brought'}: ${sum}.`,
    ...(pending.size === 0 || dryRun
      ? []
      : [`${pending.size} wait for a person: keyturn tools sources diff ${source}, then … accept ${source} --all`]),
  ].join('\n');
}

/** What waits, tool by tool: the members that differ, as they were and as they are. */
export function describeWaiting(waiting: readonly JsonObject[], source: string): string {
  const blocks = waiting.map((tool) => {
    const accepted = isJsonObject(tool['accepted']) ? tool['accepted'] : undefined;
    const now = isJsonObject(tool['now']) ? tool['now'] : {};
    const head = `${accepted === undefined ? '+' : '~'} ${source}/${linesOf(tool['operation_id'])}  ${linesOf(tool['method'])} ${linesOf(tool['path'])}`;
    if (accepted === undefined) return `${head}\n    ${linesOf(now['description'])}`;
    const parts = Array.isArray(tool['changed_parts']) ? tool['changed_parts'].map(linesOf) : [];
    const lines = parts.map((part) => `    ${part}\n      - ${short(accepted[part])}\n      + ${short(now[part])}`);
    return [head, ...lines].join('\n');
  });
  return [...blocks, `${waiting.length} wait: keyturn tools sources accept ${source} --all, or name some.`].join('\n');
}

function short(value: Json | undefined): string {
  const text = linesOf(JSON.stringify(value ?? null));
  return text.length > 300 ? `${text.slice(0, 299)}…` : text;
}

/** The health of a source for people. */
export function describeHealth(health: JsonObject): string {
  const document = isJsonObject(health['document']) ? health['document'] : undefined;
  const breaker = isJsonObject(health['breaker']) ? health['breaker'] : {};
  const sync = isJsonObject(health['last_sync']) ? health['last_sync'] : {};
  const reached = (place: JsonObject): string =>
    place['reachable'] === true
      ? `answers (${linesOf(place['status'])}) at ${linesOf(place['address'])}`
      : `does not answer: ${linesOf(place['error'])}`;
  return formatTable([
    ['status', linesOf(health['status'])],
    ...(document === undefined ? [] : [['document', reached(document)]]),
    ...objectsIn(health['upstream']).map((upstream) => ['upstream', reached(upstream)]),
    ['breaker', linesOf(breaker['state'])],
    ['last sync', `${linesOf(sync['at'])} ${linesOf(sync['outcome'])} ${linesOf(sync['error'])}`.trim()],
  ]);
}
