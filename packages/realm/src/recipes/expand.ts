import { isJsonObject, type Json, type JsonObject } from '@keyturn/protocol';
import { type ClientRepresentation, isJsonList, type Path, type RealmRepresentation } from '../representation.ts';
import { events } from './events.ts';
import { loginClient } from './login-client.ts';
import { mcp } from './mcp.ts';
import { patIssuer } from './pat-issuer.ts';
import type { Recipe, RecipePart } from './recipe.ts';
import { agent, reviewer } from './service-account.ts';
import { tokenExchange } from './token-exchange.ts';

/** Every recipe, in the order of the guides. */
export const recipes: readonly Recipe[] = [patIssuer, agent, reviewer, tokenExchange, loginClient, mcp, events];

/** One recipe of a file, expanded. */
export interface UsedRecipe {
  readonly name: string;
  readonly needs?: string;
  readonly parts: readonly RecipePart[];
}

export interface ExpandedRealm {
  /** The file's own members with those of the recipes; where both declare one thing, the file's word holds. */
  readonly representation: RealmRepresentation;
  /** Clients that only get mappers or scopes: they must exist, in this file or in the realm. */
  readonly extended: ReadonlySet<string>;
  readonly used: readonly UsedRecipe[];
  readonly faults: readonly { readonly at: Path; readonly message: string }[];
}

/** Replaces `recipes:` by the objects that they stand for. */
export function expandRecipes(file: RealmRepresentation): ExpandedRealm {
  const faults: { at: Path; message: string }[] = [];
  const used = readRecipes(file['recipes'], faults);
  const { recipes: _expanded, ...own } = file;
  let merged: JsonObject = {};
  const extensions: ClientRepresentation[] = [];
  for (const part of used.flatMap(({ parts }) => parts)) {
    merged = merge(merged, part.gives, 'union');
    extensions.push(...(part.extends ?? []));
  }
  const declared = merge(merged, own, 'second');
  const names = clientIdsOf(declared);
  const extension = extensions.length === 0 ? {} : { clients: extensions.map((client) => ({ ...client })) };
  const representation = merge(declared, extension, 'union');
  const extended = new Set(extensions.map(({ clientId }) => clientId).filter((name) => !names.has(name)));
  // `realm` is the file's own, so the merge is a representation again.
  return { representation: representation as RealmRepresentation, extended, used, faults };
}

/** Which clients are declared. That a client has no clientId is said later, where shapes are checked. */
function clientIdsOf(realm: JsonObject): ReadonlySet<string> {
  const clients = isJsonList(realm['clients']) ? realm['clients'].filter(isJsonObject) : [];
  return new Set(clients.map(({ clientId }) => clientId).filter((id) => typeof id === 'string'));
}

/** `- agent: {…}`, `- events` or `- events:` each name one recipe. */
function readRecipes(value: Json | undefined, faults: { at: Path; message: string }[]): readonly UsedRecipe[] {
  if (value === undefined || value === null) return [];
  if (!isJsonList(value)) {
    faults.push({ at: ['recipes'], message: 'must be a list, each entry one recipe with its options' });
    return [];
  }
  return value.flatMap((entry, index): readonly UsedRecipe[] => {
    const at = ['recipes', index];
    const [name, options] =
      typeof entry === 'string'
        ? [entry, {}]
        : (isJsonObject(entry) && Object.keys(entry).length === 1 && Object.entries(entry)[0]) || [];
    const recipe = recipes.find((one) => one.name === name);
    if (recipe === undefined || name === undefined) {
      faults.push({ at, message: `names no recipe; there are ${recipes.map((one) => one.name).join(', ')}` });
      return [];
    }
    const checked = recipe.options.safeParse(options ?? {});
    if (!checked.success) {
      for (const issue of checked.error.issues) {
        const path = issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
        faults.push({ at: [...at, name, ...path], message: issue.message });
      }
      return [];
    }
    return [
      { name, parts: recipe.expand(checked.data), ...(recipe.needs === undefined ? {} : { needs: recipe.needs }) },
    ];
  });
}

const keys = ['clientId', 'name', 'alias', 'username'] as const;

/** Lists in which every declaration counts: what one recipe assigns, another must not take away. */
const additive = new Set([
  'defaultClientScopes',
  'optionalClientScopes',
  'defaultDefaultClientScopes',
  'defaultOptionalClientScopes',
  'enabledEventTypes',
  'roles',
]);

/**
 * Two declarations as one: objects member by member, lists of named objects by name. Of two scalars or plain lists the
 * second holds under `second`; under `union` lists are joined and the larger of two numbers holds, so that no recipe
 * lowers what another needs.
 */
function merge(first: JsonObject, second: JsonObject, how: 'union' | 'second'): JsonObject {
  const merged = new Map<string, Json | undefined>(Object.entries(first));
  for (const [name, value] of Object.entries(second)) {
    merged.set(name, mergeValue(merged.get(name), value, additive.has(name) ? 'union' : how));
  }
  return Object.fromEntries(merged);
}

function mergeValue(first: Json | undefined, second: Json | undefined, how: 'union' | 'second'): Json | undefined {
  if (first === undefined) return second;
  if (second === undefined) return first;
  if (isJsonObject(first) && isJsonObject(second)) return merge(first, second, how);
  if (isJsonList(first) && isJsonList(second)) return mergeLists(first, second, how);
  if (how === 'union' && typeof first === 'number' && typeof second === 'number') return Math.max(first, second);
  return second;
}

function mergeLists(first: readonly Json[], second: readonly Json[], how: 'union' | 'second'): Json {
  const objects = [...first, ...second].filter(isJsonObject);
  if (objects.length < first.length + second.length)
    return how === 'second' ? second : [...new Set([...first, ...second])];
  const result = new Map<string, JsonObject>();
  for (const item of objects) {
    const key = keys.find((name) => typeof item[name] === 'string');
    // A scope mapping has no name of its own: it counts by its holder.
    const id = JSON.stringify(key === undefined ? [item['client'], item['clientScope']] : [key, item[key]]);
    const before = result.get(id);
    result.set(id, before === undefined ? item : merge(before, item, how));
  }
  return [...result.values()];
}
