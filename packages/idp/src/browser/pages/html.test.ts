import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html } from './html.ts';

describe('a template', () => {
  it('escapes every value, in text and in attributes', () => {
    const hostile = `</p><script>alert("x")</script>'&`;
    expect(String(html`<p title="${hostile}">${hostile}</p>`)).toBe(
      '<p title="&lt;/p&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;">&lt;/p&gt;&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;</p>',
    );
  });

  it('takes only its own markup for markup, not an object that looks like it', () => {
    const inner = html`<b>${'<'}</b>`;
    expect(String(html`<p>${inner}${[inner, inner]}</p>`)).toBe('<p><b>&lt;</b><b>&lt;</b><b>&lt;</b></p>');
    const lookalike = JSON.parse('{"markup":"<script>"}') as never;
    expect(String(html`${lookalike}`)).not.toContain('<');
  });

  it('shows nothing for what is absent, and numbers as they are', () => {
    expect(String(html`[${undefined}${false}${0}]`)).toBe('[0]');
  });

  it('lets no text leave its place, whatever it is', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const markup = String(html`<i title="${text}">`);
        expect(markup.startsWith('<i title="') && markup.endsWith('">')).toBe(true);
        expect(markup.slice('<i title="'.length, -'">'.length)).not.toMatch(/[<>"']/);
      }),
    );
  });
});
