import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epochMilliseconds } from '@keyturn/protocol';
import { describe, expect, it } from 'vitest';
import {
  createClient,
  createRealm,
  createUser,
  deleteRealm,
  effectiveRoles,
  findClient,
  findRealm,
  findRole,
  openState,
} from './index.ts';

const options = {
  path: ':memory:',
  clock: () => epochMilliseconds(1_700_000_000_000),
  random: (n: number) => randomBytes(n),
};

describe('a new realm', () => {
  it('has the clients, scopes and default roles that Keycloak gives it', () => {
    const state = openState(options);
    createRealm(state, { realm: 'master', enabled: true });
    const made = createRealm(state, { realm: 'golden', enabled: true });
    if (!made.ok) throw new Error('refused');
    const realm = made.value;
    expect(
      state.clients
        .ofRealm(realm.id)
        .map((it) => it.clientId)
        .sort(),
    ).toEqual(['account', 'account-console', 'admin-cli', 'broker', 'realm-management', 'security-admin-console']);
    expect(realm.defaultScopeIds.map((id) => state.scopes.get(id)?.name).sort()).toEqual(
      [
        'AuthnContextClassRef',
        'acr',
        'basic',
        'email',
        'profile',
        'role_list',
        'roles',
        'saml_organization',
        'web-origins',
      ].sort(),
    );
    const user = createUser(state, realm, { username: 'Bob' });
    if (!user.ok) throw new Error('refused');
    expect(user.value.username).toBe('bob');
    expect([...effectiveRoles(state, user.value).values()].map((it) => it.name).sort()).toEqual([
      'default-roles-golden',
      'manage-account',
      'manage-account-links',
      'offline_access',
      'uma_authorization',
      'view-profile',
    ]);
    const master = findRealm(state, 'master');
    const admin = findRole(state, master?.id ?? '', 'admin');
    expect(admin?.compositeIds).toHaveLength(1 + 18 + 18);
  });

  it('cannot take a name twice, and leaves nothing behind when deleted', () => {
    const state = openState(options);
    createRealm(state, { realm: 'master' });
    const sizes = [state.clients.size, state.roles.size, state.scopes.size, state.keys.size];
    const made = createRealm(state, { realm: 'x' });
    expect(createRealm(state, { realm: 'x' })).toEqual({
      ok: false,
      refusal: { why: 'exists', what: 'realm', name: 'x' },
    });
    if (made.ok) deleteRealm(state, made.value);
    expect(findRealm(state, 'x')).toBeUndefined();
    expect([state.clients.size, state.roles.size, state.scopes.size, state.keys.size]).toEqual(sizes);
  });
});

describe('the state', () => {
  it('is whole again after the process was killed, and a transaction that throws leaves no trace', () => {
    const folder = mkdtempSync(join(tmpdir(), 'idp-'));
    try {
      const path = join(folder, 'idp.db');
      const first = openState({ ...options, path });
      const made = createRealm(first, { realm: 'x', enabled: true });
      if (!made.ok) throw new Error('refused');
      expect(() =>
        first.transaction(() => {
          createClient(first, made.value, { clientId: 'half' });
          throw new Error('disk');
        }),
      ).toThrow('disk');
      expect(findClient(first, made.value.id, 'half')).toBeUndefined();
      createClient(first, made.value, { clientId: 'whole', secret: 's' });
      // Not closed: what a killed process leaves is what is in the files now.
      const left = join(folder, 'left.db');
      for (const suffix of ['', '-wal']) copyFileSync(path + suffix, left + suffix);
      const second = openState({ ...options, path: left });
      expect(findClient(second, made.value.id, 'whole')?.secret).toBe('s');
      expect(findClient(second, made.value.id, 'half')).toBeUndefined();
      expect(findRealm(second, 'x')).toEqual(findRealm(first, 'x'));
      first.close();
      second.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('is served by one process at a time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'idp-'));
    try {
      const path = join(folder, 'idp.db');
      const [first, second] = [openState({ ...options, path }), openState({ ...options, path })];
      first.claim();
      expect(() => second.claim()).toThrow('in use by another identity provider');
      first.close();
      second.claim();
      second.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
