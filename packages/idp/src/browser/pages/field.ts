import { type Html, html } from './html.ts';

/** One labelled input. */
export interface Field {
  readonly name: string;
  readonly label: string;
  /** The element's id; the name if absent. */
  readonly id?: string;
  readonly type?: 'text' | 'password' | 'email';
  readonly value?: string;
  readonly autocomplete?: string;
  readonly hint?: string;
  readonly error?: string;
  readonly required?: boolean;
  readonly autofocus?: boolean;
  readonly readonly?: boolean;
  /** Set when the page's error notice speaks of this field: the input then points to it. */
  readonly blamed?: boolean;
  readonly className?: string;
}

/** An input with its label, and with hint and error bound to it for those who listen instead of look. */
export function fieldOf(field: Field): Html {
  const id = field.id ?? field.name;
  const described = [
    field.error !== undefined && `input-error-${id}`,
    field.blamed === true && 'input-error',
    field.hint !== undefined && `${id}-hint`,
  ].filter((it) => it !== false);
  const invalid = field.error !== undefined || field.blamed === true;
  const secret = field.type === 'password';
  return html`<div class="field ${field.className}">
<label for="${id}">${field.label}</label>
<input id="${id}" name="${field.name}" type="${field.type ?? 'text'}" value="${field.value}"${field.autocomplete !== undefined && html` autocomplete="${field.autocomplete}"`}${(secret || field.type === 'email' || field.autocomplete === 'username') && html` autocapitalize="none" spellcheck="false"`}${field.required === true && html` required`}${field.autofocus === true && html` autofocus`}${field.readonly === true && html` readonly`}${invalid && html` aria-invalid="true"`}${described.length > 0 && html` aria-describedby="${described.join(' ')}"`}>
${field.hint !== undefined && html`<span class="hint" id="${id}-hint">${field.hint}</span>`}
${field.error !== undefined && html`<span class="error" id="input-error-${id}">${field.error}</span>`}
</div>`;
}
