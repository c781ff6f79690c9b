import type { Group } from './user.ts';

/** The key of a group among all of a realm, by which it is found at once: siblings have different names. */
export function placeOf({ parentId, name }: Pick<Group, 'name'> & { readonly parentId?: string | undefined }): string {
  return JSON.stringify([parentId ?? '', name]);
}
