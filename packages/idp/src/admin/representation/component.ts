import type { Component, KeyProviderId, RealmKey } from '../../model/index.ts';
import { flag, identifier, list, mapOf, name, object, type Reader, text, texts } from '../json/shape.ts';

/** Keycloak's ComponentRepresentation. */
export const componentReader = object('ComponentRepresentation', {
  id: identifier,
  name: name,
  providerId: text,
  providerType: text,
  parentId: text,
  subType: text,
  config: mapOf(texts),
});

export type ComponentRepresentation = NonNullable<ReturnType<typeof componentReader>>;

/** A component within a realm representation: what it belongs to is said by where it stands. */
export interface ComponentExportRepresentation {
  readonly id?: string;
  readonly name?: string;
  readonly providerId?: string;
  readonly subType?: string;
  readonly config?: Readonly<Record<string, readonly string[] | null>>;
}

export const componentExportReader: Reader<ComponentExportRepresentation> = object('ComponentExportRepresentation', {
  id: identifier,
  name: name,
  providerId: text,
  subType: text,
  subComponents: mapOf(list((value, at, faults) => componentExportReader(value, at, faults))),
  config: mapOf(texts),
  enabled: flag,
});

export const keyProviderType = 'org.keycloak.keys.KeyProvider';
export const userProfileType = 'org.keycloak.userprofile.UserProfileProvider';

/** Whether Keycloak has components of that type. */
export function isComponentType(providerType: string): boolean {
  return providerType.startsWith('org.keycloak.');
}

/** Keycloak's providers of keys that this server knows. */
export const keyProviders: readonly string[] = [
  'rsa-generated',
  'rsa-enc-generated',
  'rsa',
  'rsa-enc',
  'ecdsa-generated',
  'eddsa-generated',
  'hmac-generated',
  'aes-generated',
] satisfies readonly KeyProviderId[];

/** Whether this server can make or hold keys of that provider. */
export function isKeyProvider(providerId: string | undefined): providerId is KeyProviderId {
  return providerId !== undefined && keyProviders.includes(providerId);
}

/** The configuration of a component without names whose value is null. */
export function configOf(given: ComponentRepresentation['config']): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    Object.entries(given ?? {}).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

/** A key provider as a component; private keys are never shown. */
export function showKeyProvider(key: RealmKey): object {
  return {
    id: key.id,
    name: key.name,
    providerId: key.providerId,
    providerType: keyProviderType,
    parentId: key.realmId,
    config: masked(key.config),
  };
}

export function showComponent(component: Component): object {
  return {
    id: component.id,
    name: component.name,
    providerId: component.providerId,
    providerType: component.providerType,
    parentId: component.parentId,
    ...(component.subType === undefined ? {} : { subType: component.subType }),
    config: masked(component.config),
  };
}

/** A component within a realm representation. */
export function exportComponent(
  component: Pick<Component, 'id' | 'name' | 'providerId' | 'subType' | 'config'>,
): object {
  const { id, name, providerId, subType, config } = component;
  return {
    id,
    name,
    providerId,
    ...(subType === undefined ? {} : { subType }),
    subComponents: {},
    config: masked(config),
  };
}

function masked(config: Readonly<Record<string, readonly string[]>>): object {
  const secret = new Set(['privateKey', 'secret', 'clientSecret', 'bindCredential', 'keystorePassword', 'keyPassword']);
  return Object.fromEntries(
    Object.entries(config).map(([name, values]) => [name, secret.has(name) ? values.map(() => '**********') : values]),
  );
}
