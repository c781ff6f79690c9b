import { parseJson, type JsonFault } from '@keyturn/policy';
import type { FastifyInstance } from 'fastify';
import { parseDocument } from 'yaml';

/**
 * How bodies are read. JSON that two readers could read differently is refused (RFC 7493): a member twice, of which one
 * takes the first and one the last; a number that a double cannot hold; text that is no Unicode. What a person approves
 * and what an upstream is sent are then the same, whoever reads it. Routes with a limit of their own (`bodyLimit` is the
 * frame's) take documents, which are no calls: numbers in them are rounded.
 */
export function addBodyParsers(app: FastifyInstance, bodyLimit: number): void {
  // The runtime's parser, which refuses members that would reach a prototype.
  const parseSafely = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, parsed) => {
    const text = String(body);
    const numbers = request.routeOptions.bodyLimit === bodyLimit ? 'exact' : 'rounded';
    const read = text === '' ? undefined : parseJson(text, { numbers });
    if (read?.ok === false && read.refusal.why !== 'syntax') parsed(new BadBody(explainJsonFault(read.refusal)));
    else void parseSafely(request, text, parsed);
  });
  app.addContentTypeParser(/^(?:application|text)\/(?:x-)?yaml\b/, { parseAs: 'string' }, (_request, body, parsed) => {
    const document = parseDocument(String(body), { uniqueKeys: true, prettyErrors: true });
    const [error] = [...document.errors, ...document.warnings];
    if (error !== undefined) parsed(new BadBody(`The body is not valid YAML: ${error.message}`));
    // Aliases could make a page of text a gigabyte of values.
    else {
      try {
        parsed(null, document.toJS({ maxAliasCount: 0 }));
      } catch {
        parsed(new BadBody('The body is YAML with aliases, which are not read here.'));
      }
    }
  });
}

/** Reads forms, as an object of texts. A field twice is refused, as a member twice is. */
export function addFormParser(scope: FastifyInstance): void {
  const type = 'application/x-www-form-urlencoded';
  scope.addContentTypeParser(type, { parseAs: 'string' }, (_request, body, parsed) => {
    const fields = [...new URLSearchParams(String(body))];
    if (new Set(fields.map(([name]) => name)).size < fields.length) parsed(new BadBody('The form has a field twice.'));
    else parsed(null, Object.fromEntries(fields));
  });
}

/** As Fastify's own errors are made: 400 with a sentence for the caller. */
class BadBody extends Error {
  readonly statusCode = 400;
}

/** What is wrong with a JSON body, for whoever sent it. */
export function explainJsonFault({ why, offset, name }: JsonFault): string {
  const place = `at character ${offset + 1}`;
  switch (why) {
    case 'duplicate-member':
      return `The body names the member ${JSON.stringify((name ?? '').slice(0, 100))} twice in one object (${place}).`;
    case 'number-lost':
      return `The body has a number that JSON readers do not agree on (${place}): write it as text.`;
    case 'lone-surrogate':
      return `The body has text that is no Unicode (${place}).`;
    case 'too-deep':
      return `The body is nested deeper than 100 levels (${place}).`;
    case 'syntax':
      return 'The body is not valid JSON.';
  }
}
