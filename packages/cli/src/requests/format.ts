import { isJsonObject, type JsonObject } from '@keyturn/protocol';
import { formatTable } from '../table.ts';

/** Requests as lines for people. */
export function formatRequests(requests: readonly JsonObject[]): string {
  const rows = [
    ['NAME', 'PHASE', 'AGENT', 'ACTION', 'TARGET', 'UNTIL'],
    ...requests.map((request) => [
      text(request['name']),
      text(request['phase']),
      text(request['agentIdentity']),
      text(request['action']),
      text(request['targetURI']),
      moment(request['expiresAt']),
    ]),
  ];
  return formatTable(rows);
}

/** One change on one line. */
export function lineOf(request: JsonObject): string {
  const words = [request['name'], request['phase'], request['agentIdentity'], request['action'], request['targetURI']];
  const message = text(request['message']);
  return `${words.map(text).join('  ')}${message === '' ? '' : `  ${message}`}`;
}

/** All of one request: what is asked for, with its arguments as JSON, who has approved, and what it went through. */
export function formatRequest(request: JsonObject): string {
  const approvals = isJsonObject(request['approvals']) ? request['approvals'] : undefined;
  const given = approvals === undefined ? [] : listOf(approvals['given']);
  const edit = isJsonObject(request['edit']) ? request['edit'] : undefined;
  const lines = [
    ['Name', text(request['name'])],
    ['Phase', text(request['phase'])],
    ['Agent', text(request['agentIdentity'])],
    ['Action', text(request['action'])],
    ['Target', text(request['targetURI'])],
    ['Reason', text(request['reason'])],
    ['Message', text(request['message'])],
    ['Until', moment(request['expiresAt'])],
    ['Digest', text(request['digest'])],
    ...(approvals === undefined ? [] : [['Approvals', `${given.length} of ${JSON.stringify(approvals['required'])}`]]),
    ...given.map((each) => ['', `${text(each['approver'])} ${moment(each['at'])} ${text(each['reason'])}`.trim()]),
    ...(edit === undefined ? [] : [['Edited by', text(edit['by'])]]),
    ...(edit === undefined ? [] : listOf(edit['difference']).map((each) => ['', changeOf(each)])),
  ].filter(([name, value]) => name === '' || value !== '');
  const width = Math.max(...lines.map(([name = '']) => name.length));
  const conditions = listOf(request['conditions']).map(
    (each) => `  ${text(each['type'])}=${text(each['status'])} (${text(each['reason'])}) ${text(each['message'])}`,
  );
  return [
    ...lines.map(([name = '', value = '']) => `${name.padEnd(width)}  ${value}`.trimEnd()),
    'Arguments',
    ...lined(request['parameters']).map((line) => `  ${line}`),
    'Conditions',
    ...conditions,
  ].join('\n');
}

function changeOf(change: JsonObject): string {
  const [from, to] = [change['from'], change['to']].map((value) => (value === undefined ? 'nothing' : oneLine(value)));
  return `${text(change['at'])}: ${from ?? ''} → ${to ?? ''}`;
}

function lined(value: unknown): readonly string[] {
  return JSON.stringify(value ?? {}, undefined, 2)
    .split('\n')
    .map(text);
}

function oneLine(value: unknown): string {
  return text(JSON.stringify(value));
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

function moment(value: unknown): string {
  return text(value).slice(0, 19).replace('T', ' ');
}

/** What an agent or a reviewer wrote: nothing in it may steer the terminal. */
function text(value: unknown): string {
  return typeof value === 'string' ? value.replaceAll(/\p{C}/gu, '?') : '';
}
