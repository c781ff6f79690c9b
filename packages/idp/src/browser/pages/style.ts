import { createHash } from 'node:crypto';

/**
 * The one style sheet, small enough to stand in every page: no second request, and its hash is all that the content
 * security policy has to allow. Colours hold at least 4.5:1 for text and 3:1 for borders, in light and in dark.
 */
export const style = `
:root{color-scheme:light dark;--ground:#eef2f1;--card:#fff;--ink:#16211e;--soft:#4d5c58;--line:#d5dedb;--edge:#77857f;
--accent:#0a6356;--accent-ink:#fff;--accent-deep:#074a40;--link:#0a6356;--bad:#a4162b;--bad-ground:#fdf0f1;--bad-line:#efc4ca;
--good:#0b6b3a;--good-ground:#edf8f1;--good-line:#b9dfc8;--note:#1d4e89;--note-ground:#eef4fb;--note-line:#c2d6ee}
@media (prefers-color-scheme:dark){:root{--ground:#0d1312;--card:#161e1c;--ink:#e7efec;--soft:#a8b7b2;--line:#2a3633;--edge:#73837e;
--accent:#58c7b3;--accent-ink:#04211b;--accent-deep:#7edccb;--link:#7adac8;--bad:#ff9aa6;--bad-ground:#2c171a;--bad-line:#5b2b32;
--good:#83d9a6;--good-ground:#12261b;--good-line:#28513a;--note:#9cc4f2;--note-ground:#13202f;--note-line:#2a4564}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;background:var(--ground);color:var(--ink);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Liberation Sans","DejaVu Sans",sans-serif}
main{flex:1;width:100%;max-width:27rem;margin:0 auto;padding:clamp(1.5rem,9vh,6rem) 1rem 2rem}
main.wide{max-width:46rem}
.realm{display:flex;align-items:center;gap:.625rem;margin:0 0 1rem .25rem;font-weight:600;font-size:1.0625rem;overflow-wrap:anywhere}
.realm svg{flex:none;width:1.75rem;height:1.75rem;color:var(--accent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:.875rem;padding:1.75rem;
box-shadow:0 1px 2px rgb(10 30 26/.05),0 12px 32px -16px rgb(10 30 26/.18)}
h1{margin:0 0 1.25rem;font-size:1.375rem;line-height:1.3;letter-spacing:-.01em}
h2{margin:2rem 0 .5rem;font-size:1.0625rem}
p{margin:0 0 1rem;overflow-wrap:anywhere}
.soft,.hint{color:var(--soft)}
.hint{display:block;margin:.25rem 0 0;font-size:.875rem}
a{color:var(--link);text-underline-offset:.15em}
a:hover{text-decoration-thickness:2px}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
form{margin:0}
.field{margin:0 0 1.125rem}
label,.label{display:block;margin:0 0 .375rem;font-weight:600;font-size:.9375rem}
input:not([type=checkbox]):not([type=hidden]){width:100%;min-height:2.875rem;padding:.5rem .75rem;font:inherit;font-size:1rem;
color:var(--ink);background:var(--card);border:1px solid var(--edge);border-radius:.5rem}
input[readonly]{background:var(--ground)}
input[aria-invalid=true]{border-color:var(--bad);box-shadow:inset 0 0 0 1px var(--bad)}
.field .error{display:block;margin:.25rem 0 0;color:var(--bad);font-size:.875rem}
.code input{font-size:1.375rem;letter-spacing:.12em;text-align:center;text-transform:uppercase}
.row{font-size:.9375rem;display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem;margin:0 0 1.25rem}
.check{display:flex;align-items:center;gap:.5rem;min-height:1.75rem;margin:0;font-weight:400}
.check input{width:1.125rem;height:1.125rem;margin:0;accent-color:var(--accent)}
button,.button{display:block;width:100%;min-height:2.875rem;padding:.625rem 1rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;
color:var(--accent-ink);background:var(--accent);border:1px solid transparent;border-radius:.5rem;cursor:pointer}
button:hover,.button:hover{background:var(--accent-deep)}
button.plain{color:var(--ink);background:transparent;border-color:var(--edge)}
button.plain:hover{background:var(--ground)}
button.small{display:inline-block;width:auto;min-height:2.25rem;padding:.25rem .875rem;font-size:.9375rem}
.actions{display:grid;gap:.625rem;margin-top:1.5rem}
.below{margin:1.25rem 0 0;padding-top:1.25rem;border-top:1px solid var(--line);font-size:.9375rem}
.below p:last-child,.card>p:last-child{margin-bottom:0}
.notice{margin:0 0 1.25rem;padding:.75rem .875rem;border:1px solid var(--note-line);border-left-width:4px;border-radius:.5rem;
background:var(--note-ground);color:var(--note);font-size:.9375rem;overflow-wrap:anywhere}
.notice.error{border-color:var(--bad-line);background:var(--bad-ground);color:var(--bad)}
.notice.error,.notice.success,.notice.info{border-left-color:currentColor}
.notice.success{border-color:var(--good-line);border-left-color:currentColor;background:var(--good-ground);color:var(--good)}
.scopes{margin:0 0 1rem;padding:0;list-style:none;border:1px solid var(--line);border-radius:.5rem}
.scopes li{padding:.625rem .875rem;overflow-wrap:anywhere}
.scopes li+li{border-top:1px solid var(--line)}
.facts{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.25rem 1rem;margin:0}
.facts dt{color:var(--soft)}
.facts dd{margin:0;overflow-wrap:anywhere}
.entry{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1rem;padding:.75rem 0;border-top:1px solid var(--line)}
.entry>div{min-width:0;flex:1 1 14rem;overflow-wrap:anywhere}
.entry p{margin:0}
pre{margin:1rem 0;white-space:pre-wrap;overflow-wrap:anywhere;font:.875rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}
footer{padding:1rem;text-align:center;color:var(--soft);font-size:.8125rem}
@media (max-width:26rem){.card{padding:1.25rem}}
@media (forced-colors:active){.card,button{border:1px solid}}
`;

/** How the content security policy names the style sheet. */
export const styleHash = `'sha256-${createHash('sha256').update(style).digest('base64')}'`;
