/** Who answers: in `initialize`, `server/discover`, and in `_meta` of each 2026-07-28 result. */
export function serverInfo(version: string) {
  return { name: 'keyturn', title: 'Keyturn', version };
}
