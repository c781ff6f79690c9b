import type { IdpState } from '../../model/index.ts';

/**
 * Keeps begun logins from filling the memory: anybody can begin one. Once `most` things wait to be used (over all
 * realms) the oldest of this purpose go, a tenth at a time. Whoever was in the middle of one begins again from the
 * browser's own cookie.
 */
export function makeRoom(state: IdpState, purpose: string, most = 50_000): void {
  if (state.singleUse.size < most) return;
  state.sweep();
  const wanted = state.singleUse.size - Math.floor(most * 0.9);
  if (wanted <= 0) return;
  const oldest: string[] = [];
  for (const it of state.singleUse.all()) {
    if (oldest.length >= wanted) break;
    if (it.purpose === purpose) oldest.push(it.id);
  }
  state.transaction(() => {
    for (const id of oldest) state.singleUse.delete(id);
  });
}
