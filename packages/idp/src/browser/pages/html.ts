import { escapeHtml } from '@keyturn/protocol';

/**
 * Markup that is safe to send. Only `html` makes it, and only from the template's own text and escaped values, so that
 * no page can forget to escape what a user, a client or a realm brought along.
 */
export class Html {
  readonly #markup: string;

  constructor(markup: string) {
    this.#markup = markup;
  }

  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template: markup as it is, text and numbers escaped, nothing for `undefined` and `false`. */
export type HtmlValue = Html | string | number | false | undefined | readonly Html[];

/** Builds markup: `html\`<p>${name}</p>\``. Attributes must be quoted in the template. */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let markup = strings[0] ?? '';
  for (const [index, value] of values.entries()) markup += `${render(value)}${strings[index + 1] ?? ''}`;
  return new Html(markup);
}

function render(value: HtmlValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Html) return value.toString();
  if (Array.isArray(value)) return value.map(String).join('');
  return escapeHtml(String(value));
}
