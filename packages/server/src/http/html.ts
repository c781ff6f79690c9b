import { escapeHtml } from '@keyturn/protocol';

/** Markup of our own; everything that comes from outside is escaped by `html`. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** A template whose values are escaped, unless they are Html themselves. */
export function html(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Html | readonly Html[])[]
): Html {
  const shown = values.map((value) =>
    value instanceof Html
      ? value.text
      : typeof value === 'string' || typeof value === 'number'
        ? escapeHtml(String(value))
        : value.map(({ text }) => text).join(''),
  );
  return new Html(strings.map((part, i) => part + (shown[i] ?? '')).join(''));
}

/** A page of Keyturn’s own: one column, readable on a phone. Loads nothing and runs nothing. */
export function buildPage(title: string, content: string | Html): string {
  const body = typeof content === 'string' ? html`<p>${content}</p>` : content;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · Keyturn</title>
<style>
body { font: 1.1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 0 auto; padding: 10vh 1.5rem 3rem; color-scheme: light dark; overflow-wrap: anywhere }
h1 { font-size: 1.5rem }
h2 { font-size: 1.1rem; margin-top: 2rem }
dt { opacity: .7; font-size: .9rem }
dd { margin: 0 0 .6rem }
ul { padding-left: 1.2rem }
label { display: block; margin: .8rem 0 .2rem }
input, textarea { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem }
pre { font: .9rem/1.4 ui-monospace, monospace; white-space: pre-wrap; margin: 0 0 .6rem; padding: .6rem; border: 1px solid; border-radius: .3rem }
button, .button { font: inherit; display: inline-block; padding: .55rem 1rem; margin: .4rem .4rem 0 0; border: 1px solid; border-radius: .3rem; background: none; color: inherit; text-decoration: none; cursor: pointer }
form { display: inline-block }
form.wide { display: block }
</style>
</head>
<body><main><h1>${escapeHtml(title)}</h1>
${body.text}
</main></body>
</html>
`;
}

const htmlContentType = 'text/html; charset=utf-8';

/**
 * Headers of every page. Nothing is loaded, nothing runs, nobody frames it, and no address leaks. Forms are sent to
 * ourselves, and from there to the identity provider's logout: browsers hold redirects to `form-action` too.
 */
export function pageHeaders(formTargets: readonly string[]): Record<string, string> {
  return {
    'content-type': htmlContentType,
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action ${["'self'", ...formTargets].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}

/**
 * Text of somebody else’s, as it is shown to people who decide by it: whatever cannot be seen, or turns the direction of
 * what follows, is written out, and the text cannot reach beyond its own place.
 */
export function foreignText(text: string): Html {
  return html`<bdi>${writeInvisible(text)}</bdi>`;
}

/** Control, format, private and unassigned characters as `\u{202e}`; line ends stay. */
export function writeInvisible(text: string): string {
  return text.replaceAll(/(?!\n)[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, (hidden) => {
    return `\\u{${hidden.codePointAt(0)?.toString(16) ?? ''}}`;
  });
}
