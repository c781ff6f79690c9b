import { createHash } from 'node:crypto';
import type { Realm, RequiredActionProvider } from '../../model/index.ts';
import { defaultRequiredActions } from '../../model/realm-defaults.ts';
import { type Answer, json, noContent, notFound, refused } from '../frame/answer.ts';
import type { RealmCall } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import { textsOnly } from '../../import/fields.ts';
import { requiredActionReader } from '../representation/realm.ts';
import { authenticators } from './authenticators.ts';
import { type FlowDefault, flowDefaults } from './flow-defaults.ts';

/** Authentication flows (the built-in ones, read only) and required actions. */
export function registerAuthentication(routes: RealmRoutes): void {
  const base = '/authentication';
  routes.get(`${base}/flows`, may.viewFlows, (call) =>
    json(flowDefaults.filter((it) => it.topLevel).map((it) => showFlow(call.realm, it))),
  );
  routes.get(`${base}/flows/:flow`, may.viewFlows, (call) => {
    const flow = flowDefaults.find((it) => idOf(call.realm, it.alias) === call.param('flow'));
    return flow === undefined ? notFound('Could not find flow with id') : json(showFlow(call.realm, flow));
  });
  routes.get(`${base}/flows/:flow/executions`, may.viewFlows, (call) => {
    const flow = flowDefaults.find((it) => it.alias === call.param('flow'));
    return flow === undefined ? notFound('Flow not found') : json(executionsOf(call.realm, flow, 0));
  });
  for (const providers of [
    'authenticator-providers',
    'form-providers',
    'form-action-providers',
    'client-authenticator-providers',
  ]) {
    routes.get(`${base}/${providers}`, may.viewFlows, () => json(providersOf(providers)));
  }
  routes.get(`${base}/config-description/:provider`, may.viewFlows, (call) => {
    const id = call.param('provider');
    const known = Object.hasOwn(authenticators, id) ? authenticators[id] : undefined;
    return known === undefined
      ? notFound('Could not find authenticator provider')
      : json({ name: known.displayName, providerId: id, helpText: '', properties: [] });
  });
  routes.get(`${base}/unregistered-required-actions`, may.viewRequiredActions, (call) =>
    json(unregistered(call.realm)),
  );
  routes.post(
    `${base}/register-required-action`,
    { needs: may.manageRealm, records: 'REQUIRED_ACTION', body: requiredActionReader },
    register,
  );
  routes.get(`${base}/per-client-config-description`, may.viewFlows, () => json({}));
  const fixed = (): Answer =>
    refused(400, { errorMessage: 'The flows of this server are built in and cannot be changed' });
  routes.post(`${base}/flows`, { needs: may.manageRealm, records: 'none' }, fixed);
  routes.put(`${base}/flows/:flow/executions`, { needs: may.manageRealm, records: 'none' }, fixed);

  const actions = `${base}/required-actions`;
  const change = { needs: may.manageRealm, records: 'REQUIRED_ACTION' } as const;
  routes.get(actions, may.viewRequiredActions, (call) => json(byPriority(call.realm.requiredActions)));
  routes.get(
    `${actions}/:alias`,
    may.viewRequiredActions,
    onAction((_call, action) => json(action)),
  );
  routes.put(
    `${actions}/:alias`,
    { ...change, body: requiredActionReader },
    onAction((call, action, given) =>
      replace(call, action, {
        ...action,
        name: given.name ?? action.name,
        enabled: given.enabled ?? action.enabled,
        defaultAction: given.defaultAction ?? action.defaultAction,
        priority: given.priority ?? action.priority,
        config: given.config === undefined ? action.config : textsOnly(given.config),
      }),
    ),
  );
  for (const [way, step] of [
    ['raise', -1],
    ['lower', 1],
  ] as const) {
    routes.post(
      `${actions}/:alias/${way}-priority`,
      { ...change, as: 'UPDATE' },
      onAction((call, action) => move(call, action, step)),
    );
  }
  routes.delete(
    `${actions}/:alias`,
    change,
    onAction((call, action) => {
      const requiredActions = call.realm.requiredActions.filter((it) => it !== action);
      call.context.state.realms.put({ ...call.realm, requiredActions });
      return noContent;
    }),
  );
}

/** Actions that this server knows and the realm has not. */
function unregistered(realm: Realm): readonly object[] {
  const known = new Set(realm.requiredActions.map((it) => it.providerId));
  return defaultRequiredActions
    .filter((it) => !known.has(it.providerId))
    .map(({ name, providerId }) => ({ name, providerId }));
}

function register(call: RealmCall, given: { readonly providerId?: string; readonly name?: string }): Answer {
  const action = defaultRequiredActions.find((it) => it.providerId === given.providerId);
  if (action === undefined) return refused(400, { error: 'Required Action Provider with given providerId not found' });
  const others = call.realm.requiredActions.filter((it) => it.providerId !== action.providerId);
  const requiredActions = [...others, { ...action, name: given.name ?? action.name, enabled: true }];
  call.context.state.realms.put({ ...call.realm, requiredActions });
  return noContent;
}

function onAction<Rest extends readonly unknown[]>(
  handler: (call: RealmCall, action: RequiredActionProvider, ...rest: Rest) => Answer,
): (call: RealmCall, ...rest: Rest) => Answer {
  return (call, ...rest) => {
    const action = call.realm.requiredActions.find((it) => it.alias === call.param('alias'));
    return action === undefined ? notFound('Failed to find required action') : handler(call, action, ...rest);
  };
}

function replace(call: RealmCall, before: RequiredActionProvider, now: RequiredActionProvider): Answer {
  const requiredActions = call.realm.requiredActions.map((it) => (it === before ? now : it));
  call.context.state.realms.put({ ...call.realm, requiredActions });
  return noContent;
}

function byPriority(actions: readonly RequiredActionProvider[]): readonly RequiredActionProvider[] {
  return actions.toSorted((a, b) => a.priority - b.priority);
}

/** Changes places with the action before or after; at the end of the list nothing happens. */
function move(call: RealmCall, action: RequiredActionProvider, step: -1 | 1): Answer {
  const sorted = byPriority(call.realm.requiredActions);
  const other = sorted[sorted.indexOf(action) + step];
  if (other === undefined) return noContent;
  const priorities = new Map([
    [action, other.priority],
    [other, action.priority],
  ]);
  const requiredActions = sorted.map((it) => ({ ...it, priority: priorities.get(it) ?? it.priority }));
  call.context.state.realms.put({ ...call.realm, requiredActions });
  return noContent;
}

function showFlow(realm: Realm, flow: FlowDefault): object {
  return {
    id: idOf(realm, flow.alias),
    alias: flow.alias,
    description: flow.description,
    providerId: flow.providerId,
    topLevel: flow.topLevel,
    builtIn: true,
    authenticationExecutions: flow.steps.map((step) => ({
      ...(step.authenticator === undefined ? {} : { authenticator: step.authenticator }),
      authenticatorFlow: step.flow !== undefined,
      requirement: step.requirement,
      priority: step.priority,
      autheticatorFlow: step.flow !== undefined,
      ...(step.flow === undefined ? {} : { flowAlias: step.flow }),
      userSetupAllowed: false,
    })),
  };
}

/** Every flow with its steps, as exports hold them. */
export function exportFlows(realm: Realm): readonly object[] {
  return flowDefaults.map((it) => showFlow(realm, it));
}

function executionsOf(realm: Realm, flow: FlowDefault, level: number): readonly object[] {
  return flow.steps.flatMap((step, index) => {
    const inner = flowDefaults.find((it) => it.alias === step.flow);
    const known = authenticators[step.authenticator ?? ''];
    const shown = {
      id: idOf(realm, `${flow.alias}/${step.flow ?? step.authenticator}`),
      requirement: step.requirement,
      displayName: step.flow ?? known?.displayName ?? step.authenticator,
      ...(inner === undefined || inner.description === '' ? {} : { description: inner.description }),
      requirementChoices: known?.choices ?? ['REQUIRED', 'ALTERNATIVE', 'DISABLED', 'CONDITIONAL'],
      configurable: known?.configurable ?? false,
      ...(step.authenticator === undefined ? {} : { providerId: step.authenticator }),
      ...(inner === undefined ? {} : { authenticationFlow: true, flowId: idOf(realm, inner.alias) }),
      level,
      index,
      priority: step.priority,
    };
    return inner === undefined ? [shown] : [shown, ...executionsOf(realm, inner, level + 1)];
  });
}

/** The authenticators that the built-in flows are made of; there are no others. */
function providersOf(kind: string): readonly object[] {
  const wanted = flowKinds[kind] ?? 'basic-flow';
  const ids = flowDefaults
    .filter((it) => it.providerId === wanted)
    .flatMap((it) => it.steps.flatMap((step) => step.authenticator ?? []))
    .filter((id) => (id === 'registration-page-form') === (kind === 'form-providers'));
  return [...new Set(ids)].map((id) => ({
    id,
    displayName: authenticators[id]?.displayName ?? id,
    description: '',
    ...(kind === 'client-authenticator-providers' ? { supportsSecret: id.startsWith('client-secret') } : {}),
  }));
}

const flowKinds: Readonly<Record<string, string>> = {
  'form-action-providers': 'form-flow',
  'client-authenticator-providers': 'client-flow',
};

// The same id each time, made of the realm's and the flow's name: nothing needs to be stored.
function idOf(realm: Realm, name: string): string {
  const hex = createHash('sha256').update(`${realm.id} ${name}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
