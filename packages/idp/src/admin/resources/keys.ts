import { createKeyProvider, type RealmKey } from '../../model/index.ts';
import type { UsableKey } from '../../keys/key-ring.ts';
import { type Answer, created, json, message, noContent, notFound, refused } from '../frame/answer.ts';
import { type RealmCall, textOf } from '../frame/call.ts';
import { may } from '../frame/permissions.ts';
import type { RealmRoutes } from '../frame/routes.ts';
import {
  type ComponentRepresentation,
  componentReader,
  configOf,
  isComponentType,
  isKeyProvider,
  keyProviderType,
  showComponent,
  showKeyProvider,
} from '../representation/component.ts';

/** The realm's keys, and components: key providers that are obeyed, others that are stored and shown. */
export function registerKeys(routes: RealmRoutes): void {
  const change = { needs: may.manageRealm, records: 'COMPONENT' } as const;
  routes.get('/keys', may.viewRealm, showKeys);
  routes.get('/components', may.viewRealm, listComponents);
  routes.post('/components', { ...change, body: componentReader }, createOne);
  routes.get('/components/:component', may.viewRealm, (call) => {
    const shown = findComponent(call);
    return shown === undefined ? notFound('Could not find component') : json(shown);
  });
  routes.put('/components/:component', { ...change, body: componentReader }, changeOne);
  routes.delete('/components/:component', change, (call) => {
    const { state } = call.context;
    const id = call.param('component');
    const collection = state.keys.inRealm(call.realm.id, id) === undefined ? state.components : state.keys;
    if (collection.inRealm(call.realm.id, id) === undefined) return notFound('Could not find component');
    collection.delete(id);
    return noContent;
  });
  routes.get('/components/:component/sub-component-types', may.viewRealm, () => json([]));
}

async function showKeys(call: RealmCall): Promise<Answer> {
  const keys = await call.context.keys.all(call.realm.id);
  // Sorted by priority, highest first: the first active one of an algorithm signs.
  const active = new Map<string, string>();
  for (const it of keys) if (it.key.active && !active.has(it.algorithm)) active.set(it.algorithm, it.kid);
  return json({ active: Object.fromEntries(active), keys: [...keys.map(showKey), ...disabledKeys(call)] });
}

function showKey(it: UsableKey): object {
  const { key } = it;
  const symmetric = key.providerId === 'hmac-generated' || key.providerId === 'aes-generated';
  const { asymmetricKeyType } = it.verify;
  const type = symmetric ? 'OCT' : asymmetricKeyType === 'rsa' ? 'RSA' : asymmetricKeyType === 'ec' ? 'EC' : 'OKP';
  const validTo = key.material !== undefined && 'notAfter' in key.material ? key.material.notAfter : undefined;
  return {
    providerId: key.id,
    providerPriority: key.priority,
    kid: it.kid,
    status: key.active ? 'ACTIVE' : 'PASSIVE',
    type,
    algorithm: it.algorithm,
    ...(symmetric ? {} : { publicKey: it.verify.export({ type: 'spki', format: 'der' }).toString('base64') }),
    ...(it.certificate === undefined ? {} : { certificate: it.certificate }),
    use: key.use,
    ...(validTo === undefined ? {} : { validTo: validTo * 1000 }),
  };
}

// A key that is switched off signs and checks nothing: only what is stored about it is shown.
function disabledKeys(call: RealmCall): readonly object[] {
  return call.context.state.keys.ofRealm(call.realm.id).flatMap((key) => {
    if (key.enabled || key.material === undefined) return [];
    const { kid } = key.material;
    const type = /^(?:HS|AES)/.test(key.algorithm)
      ? 'OCT'
      : /^(?:RS|PS)/.test(key.algorithm)
        ? 'RSA'
        : key.algorithm.startsWith('ES')
          ? 'EC'
          : 'OKP';
    const { id: providerId, priority: providerPriority, algorithm, use } = key;
    return [{ providerId, providerPriority, kid, status: 'DISABLED', type, algorithm, use }];
  });
}

function listComponents(call: RealmCall): Answer {
  const { state } = call.context;
  const [type, parent, name] = [textOf(call, 'type'), textOf(call, 'parent'), textOf(call, 'name')];
  const keys = state.keys
    .ofRealm(call.realm.id)
    .filter(
      (it) =>
        (type ?? keyProviderType) === keyProviderType &&
        (parent ?? it.realmId) === it.realmId &&
        (name ?? it.name) === it.name,
    );
  const others = state.components
    .ofRealm(call.realm.id)
    .filter(
      (it) =>
        (type ?? it.providerType) === it.providerType &&
        (parent ?? it.parentId) === it.parentId &&
        (name ?? it.name) === it.name,
    );
  return json([...keys.map(showKeyProvider), ...others.map(showComponent)]);
}

function findComponent(call: RealmCall): object | undefined {
  const { state } = call.context;
  const id = call.param('component');
  const key = state.keys.inRealm(call.realm.id, id);
  if (key !== undefined) return showKeyProvider(key);
  const other = state.components.inRealm(call.realm.id, id);
  return other === undefined ? undefined : showComponent(other);
}

function createOne(call: RealmCall, given: ComponentRepresentation): Answer {
  const { state } = call.context;
  const { id, name, providerId, providerType } = given;
  if (providerType === undefined || providerId === undefined || !isComponentType(providerType)) return noSuchProvider;
  const taken = id !== undefined && (state.keys.get(id) !== undefined || state.components.get(id) !== undefined);
  const common = {
    id: id === undefined || taken ? state.newUuid() : id,
    name: name ?? providerId,
    config: configOf(given.config),
  };
  if (providerType === keyProviderType) {
    if (!isKeyProvider(providerId)) return noSuchProvider;
    if (!/^-?\d+$/.test(common.config['priority']?.[0] ?? '0')) return message(400, "'Priority' should be a number");
    createKeyProvider(state, call.realm.id, { ...common, providerId });
  } else {
    const { parentId = call.realm.id, subType } = given;
    state.components.put({
      ...common,
      realmId: call.realm.id,
      providerId,
      providerType,
      parentId,
      ...(subType === undefined ? {} : { subType }),
    });
  }
  return created(['components', common.id]);
}

const noSuchProvider = refused(400, { error: 'Invalid provider type or no such provider' });

function changeOne(call: RealmCall, given: ComponentRepresentation): Answer {
  const { state } = call.context;
  const key = state.keys.inRealm(call.realm.id, call.param('component'));
  if (key !== undefined) return changeKey(call, key, given);
  const other = state.components.inRealm(call.realm.id, call.param('component'));
  if (other === undefined) return notFound('Could not find component');
  state.components.put({
    ...other,
    name: given.name ?? other.name,
    config: given.config === undefined ? other.config : { ...other.config, ...configOf(given.config) },
  });
  return noContent;
}

// A generated key keeps its material: only what is said about it changes.
function changeKey(call: RealmCall, key: RealmKey, given: ComponentRepresentation): Answer {
  const { state } = call.context;
  const config = given.config === undefined ? key.config : { ...key.config, ...withoutMasks(configOf(given.config)) };
  const changed = createKeyProvider(state, call.realm.id, {
    id: key.id,
    name: given.name ?? key.name,
    providerId: key.providerId,
    config,
  });
  const sameKey = changed.algorithm === key.algorithm && config['privateKey']?.[0] === key.config['privateKey']?.[0];
  if (sameKey && key.material !== undefined) state.keys.put({ ...changed, material: key.material });
  return noContent;
}

function withoutMasks(config: ReturnType<typeof configOf>): ReturnType<typeof configOf> {
  return Object.fromEntries(Object.entries(config).filter(([, values]) => values[0] !== '**********'));
}
