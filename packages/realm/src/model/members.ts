import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { isJsonList } from '../representation.ts';

/** The text, or the empty one for anything else: for members that Keycloak always fills. */
export function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** The texts of a list, each once. */
export function textsOf(value: Json | undefined): readonly string[] {
  return isJsonList(value) ? [...new Set(value.filter((item) => typeof item === 'string'))] : [];
}

/** The objects of a list. */
export function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return isJsonList(value) ? value.filter(isJsonObject) : [];
}

/** The object, or an empty one for anything else. */
export function membersOf(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}
