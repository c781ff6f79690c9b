import { isJsonObject, type Json } from '@keyturn/protocol';

/**
 * The address that an operation is called at: the first usable server of the operation, else of the path, else of the
 * document, with its variables at their defaults, made absolute by the document's own location. OpenAPI 3.1 §4.8.5.
 * Undefined where that gives no http(s) address.
 */
export function readServer(levels: readonly (Json | undefined)[], location: string | undefined): string | undefined {
  for (const servers of levels) {
    for (const server of Array.isArray(servers) ? servers : []) {
      const address = readAddress(server, location);
      if (address !== undefined) return address;
    }
  }
  // Without any server the document's own root is meant.
  return absolute('/', location);
}

function readAddress(server: Json | undefined, location: string | undefined): string | undefined {
  if (!isJsonObject(server) || typeof server['url'] !== 'string') return undefined;
  const variables = isJsonObject(server['variables']) ? server['variables'] : {};
  const filled = server['url'].replaceAll(/\{([^{}]+)\}/g, (whole, name: string) => {
    const variable = Object.hasOwn(variables, name) ? variables[name] : undefined;
    const value = isJsonObject(variable) ? variable['default'] : undefined;
    return typeof value === 'string' || typeof value === 'number' ? String(value) : whole;
  });
  // Nothing at all would mean the document itself, which is no API; who writes it means the root.
  return absolute(filled === '' ? '/' : filled, location);
}

function absolute(address: string, location: string | undefined): string | undefined {
  if (!URL.canParse(address, location) || /[{}]/.test(address)) return undefined;
  const url = new URL(address, location);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined;
  if (url.username !== '' || url.password !== '') return undefined;
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}
