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

/** A page of the login: one column, readable on a phone. Loads nothing and runs nothing. */
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
input { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem }
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

/**
 * Headers of every page. Nothing is loaded, nothing runs, nobody frames it, and no address leaks. Forms are sent to
 * ourselves, and from there to the identity provider's logout: browsers hold redirects to `form-action` too.
 */
export function pageHeaders(formTargets: readonly string[]): Record<string, string> {
  return {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': `default-src 'none'; style-src 'unsafe-inline'; form-action ${["'self'", ...formTargets].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
    'referrer-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
  };
}

function escapeHtml(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? '');
}
