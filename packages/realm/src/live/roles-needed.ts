/** The role of `realm-management` that a request of the admin API needs, for the sentence after a 403. */
export function roleFor(request: string): string {
  const [method = '', path = ''] = request.split(' ');
  const verb = method === 'GET' ? 'view' : 'manage';
  const resource = path.split('?')[0]?.split('/')[4];
  if (resource === undefined) return method === 'POST' ? 'create-realm (of the realm master)' : `${verb}-realm`;
  if (['users', 'groups', 'attack-detection'].includes(resource)) return `${verb}-users`;
  if (['clients', 'client-scopes'].includes(resource)) return `${verb}-clients`;
  if (resource === 'identity-provider') return `${verb}-identity-providers`;
  if (resource === 'events' || resource === 'admin-events') return `${verb}-events`;
  return `${verb}-realm`;
}
