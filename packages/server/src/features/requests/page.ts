import type { EpochMilliseconds } from '@keyturn/protocol';
import { buildPage, foreignText, type Html, html, writeInvisible } from '../../http/html.ts';
import { phaseAt } from './life.ts';
import { explainRequestRefusal } from './refusals.ts';
import type { AgentRequest, Phase, Requester } from './request.ts';
import type { Standing } from './standing.ts';

/** Who looks: what the page says of them, and what their forms must bring. */
export interface Visitor {
  readonly name: string;
  readonly csrfToken: string;
}

/**
 * The page behind the address of a request: what is asked for, who asks, and the buttons of whoever looks. Everything
 * that an agent or a reviewer wrote is shown as text with nothing hidden in it.
 */
export function buildRequestPage(standing: Standing, visitor: Visitor, now: EpochMilliseconds): string {
  const { request } = standing;
  const phase = phaseAt(request, now);
  return buildPage(
    titles[phase],
    html`<p>${standing.isTheirs ? html`This is asked for in <strong>your</strong> name.` : html`Somebody else asks for this: you did not start it.`}</p>
${buildFacts(request, now)}
${buildForms(standing, visitor)}
<p><small>You are logged in as ${foreignText(visitor.name)}. <a href="/">Start page</a></small></p>`,
  );
}

const titles: Readonly<Record<Phase, string>> = {
  Pending: 'This waits for people',
  Approved: 'This is approved',
  Executing: 'This is being done',
  Denied: 'This was denied',
  Completed: 'This is done',
  Failed: 'This failed',
  Expired: 'The time for this is up',
  Cancelled: 'This was cancelled',
};

function buildFacts(request: AgentRequest, now: EpochMilliseconds): Html {
  const { call, requester, asked, approvals, edit } = request;
  const phase = phaseAt(request, now);
  const isOpen = phase === 'Pending' || phase === 'Approved';
  const rows: readonly (readonly [name: string, value: Html | undefined])[] = [
    ['Action', foreignText(call.action)],
    ['Tool', call.tool === undefined ? undefined : foreignText(call.tool)],
    ['Target', call.targetUri === undefined ? undefined : foreignText(call.targetUri)],
    ['Asked by', foreignText(nameOf(requester))],
    ['Through the client', requester.client === undefined ? undefined : foreignText(requester.client)],
    ['On behalf of', requester.actors.length === 0 ? undefined : foreignText(requester.actors[0] ?? '')],
    ['Reason given', call.reason === '' ? undefined : foreignText(call.reason)],
    ['Arguments', html`<pre>${writeInvisible(JSON.stringify(call.args, undefined, 2))}</pre>`],
    ['Changed by an approver', edit === undefined ? undefined : buildEdit(edit)],
    ['Approvals', asked === undefined ? undefined : buildApprovals(asked.count, asked.from, approvals)],
    ['What happened', buildConditions(request)],
    [isOpen ? 'Until' : 'Was open until', html`${minute(request.expiresAt)}`],
    ['Name', html`${request.name}`],
  ];
  return html`<dl>${rows.map(([name, value]) => (value === undefined ? html`` : html`<dt>${name}</dt><dd>${value}</dd>\n`))}</dl>`;
}

/** A person by the name they log in with; a program by its identity alone. */
function nameOf({ identity, names, serviceAccount }: Requester): string {
  const [name] = names;
  return serviceAccount || name === undefined ? identity : `${name} (${identity})`;
}

function buildEdit({ by, changes }: NonNullable<AgentRequest['edit']>): Html {
  const shown = (value: unknown): string => (value === undefined ? 'nothing' : writeInvisible(JSON.stringify(value)));
  const lines = changes.map(({ at, from, to }) => `${writeInvisible(at)}: ${shown(from)} → ${shown(to)}`);
  return html`${foreignText(by)}<pre>${lines.join('\n')}</pre>`;
}

function buildApprovals(count: number, from: readonly string[], given: AgentRequest['approvals']): Html {
  const of = from.length === 0 ? '' : `, from ${from.join(' or ')}`;
  const people = given.map(
    ({ identity, reason = '' }) =>
      html`<li>${foreignText(identity)}${reason === '' ? html`` : html`: ${foreignText(reason)}`}</li>`,
  );
  return html`${given.length} of ${count}${of}${people.length === 0 ? html`` : html`<ul>${people}</ul>`}`;
}

/** What every request goes through before anybody can look at it. */
const beginnings: ReadonlySet<string> = new Set(['RequestSubmitted', 'PolicyEvaluated']);

function buildConditions({ conditions, message }: AgentRequest): Html {
  const told = conditions
    .filter(({ type, status }) => !beginnings.has(type) && (status === 'True' || type === 'Approved'))
    .map((condition) => condition.message);
  const sentences = [...new Set([...told, ...(message === undefined ? [] : [message])])];
  return html`<ul>${sentences.map((sentence) => html`<li>${foreignText(sentence)}</li>`)}</ul>`;
}

function buildForms(standing: Standing, { csrfToken }: Visitor): Html {
  const { request, mayApprove, mayConfirm, mayCancel, mayDeny } = standing;
  const form = (content: Html): Html => html`<form class="wide" method="post" action="/agent-requests/${request.name}">
<input type="hidden" name="csrf_token" value="${csrfToken}"><input type="hidden" name="digest" value="${request.digest}">
${content}</form>`;
  const own = html`${mayConfirm ? html`<p>Confirm only if you want this, as it stands here. Confirming approves nothing: where others have to agree, they still have to.</p><button name="decision" value="confirm">Confirm</button>` : html``}${mayCancel ? html`<button name="decision" value="cancel">Cancel the request</button>` : html``}`;
  const approves = mayApprove?.ok === true;
  const decisions = html`<label for="reason">Comment, for everybody who sees the request</label><textarea id="reason" name="reason" rows="2" maxlength="2000"></textarea>${approves ? html`<button name="decision" value="approve">Approve</button>` : html``}<button name="decision" value="deny">Deny</button>`;
  return html`${mayConfirm || mayCancel ? form(own) : html``}
${approves || mayDeny ? form(decisions) : html``}
${mayApprove === undefined || mayApprove.ok ? html`` : explainMissing(standing, mayApprove.refusal)}`;
}

/** Why somebody who looks cannot approve, and what they can do about it. */
function explainMissing({ request, isTheirs }: Standing, missing: Parameters<typeof explainRequestRefusal>[0]): Html {
  if (missing.why !== 'approver') return html``;
  const { refusal } = missing;
  if (refusal.why === 'step-up') {
    return html`<p>The rule asks for a stronger or fresher login before you may approve.</p>
<p><a class="button" href="${stepUpUrl(request.name, refusal)}">Log in again</a></p>`;
  }
  if (refusal.why === 'not-a-reviewer') return isTheirs ? html`<p>Others decide on it, since it is yours.</p>` : html``;
  return html`<p>You cannot approve this. ${explainRequestRefusal(missing).detail}</p>`;
}

/** Through the login and back here, with what the rule asks of it. OpenID Connect Core §3.1.2.1. */
function stepUpUrl(name: string, { acr, maxAge }: { acr: string | undefined; maxAge: number | undefined }): string {
  const query = new URLSearchParams({ returnTo: `/agent-requests/${name}` });
  if (acr !== undefined) query.set('acr_values', acr);
  if (maxAge !== undefined) query.set('max_age', String(maxAge));
  return `/login?${query.toString()}`;
}

function minute(moment: EpochMilliseconds): string {
  return `${new Date(moment).toISOString().replace('T', ' ').slice(0, 16)} UTC`;
}
