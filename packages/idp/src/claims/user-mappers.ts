import type { Json } from '@keyturn/protocol';
import { groupPath, lineageOf, type User } from '../model/index.ts';
import type { ClaimContext, ClaimMapper } from './context.ts';
import { putClaim } from './put-claim.ts';

/** `oidc-usermodel-attribute-mapper`: an attribute of the user, else of the user's groups. */
export const userAttribute: ClaimMapper = (context, config, claims) => {
  putClaim(claims, config, attributeOf(context, config['user.attribute'] ?? '', config['aggregate.attrs'] === 'true'));
};

/** `oidc-usermodel-property-mapper`: a property of the user. */
export const userProperty: ClaimMapper = (context, config, claims) => {
  putClaim(claims, config, propertyOf(context.user, config['user.attribute'] ?? ''));
};

/** `oidc-full-name-mapper`: first and last name as `name`. */
export const fullName: ClaimMapper = ({ user }, _config, claims) => {
  const name = [user.firstName, user.lastName].filter((part) => part !== undefined && part !== '').join(' ');
  if (name !== '') claims['name'] = name;
};

/** `oidc-group-membership-mapper`: the user's groups by path or by name. */
export const groupMembership: ClaimMapper = ({ state, user }, config, claims) => {
  const full = config['full.path'] !== 'false';
  const names = user.groupIds.flatMap((id) => {
    const group = state.groups.get(id);
    return group === undefined ? [] : [full ? groupPath(state, group) : group.name];
  });
  if (names.length > 0) putClaim(claims, { ...config, multivalued: 'true' }, names);
};

/** `oidc-address-mapper`: the parts of `address` (OpenID Connect Core §5.1.1) from attributes. */
export const address: ClaimMapper = (context, config, claims) => {
  const parts: { [part: string]: Json } = {};
  for (const part of ['formatted', 'street', 'locality', 'region', 'postal_code', 'country']) {
    const value = attributeOf(context, config[`user.attribute.${part}`] ?? part, false)?.[0];
    if (value !== undefined) parts[part === 'street' ? 'street_address' : part] = value;
  }
  if (Object.keys(parts).length > 0) claims['address'] = parts;
};

/** `oidc-sub-mapper`: the user's id as `sub`. */
export const subject: ClaimMapper = ({ user }, _config, claims) => {
  claims['sub'] = user.id;
};

function attributeOf({ state, user }: ClaimContext, name: string, aggregate: boolean): readonly string[] | undefined {
  const property = propertyOf(user, name);
  if (typeof property === 'string' && builtInAttributes.has(name)) return [property];
  const groups = user.groupIds.flatMap((id) => lineageOf(state, id));
  const values = [user, ...groups].flatMap((owner) => {
    const found = Object.hasOwn(owner.attributes, name) ? owner.attributes[name] : undefined;
    return found === undefined || found.length === 0 ? [] : [found];
  });
  return aggregate ? [...new Set(values.flat())] : values[0];
}

const builtInAttributes = new Set(['username', 'email', 'firstName', 'lastName']);

function propertyOf(user: User, name: string): Json | undefined {
  switch (name) {
    case 'id':
    case 'username':
    case 'email':
    case 'firstName':
    case 'lastName':
    case 'emailVerified':
    case 'enabled':
    case 'createdTimestamp':
      return user[name];
    default:
      return undefined;
  }
}
