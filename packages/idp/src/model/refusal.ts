/** Why the model would not take a change; the admin API turns each into Keycloak's status and text. */
export type ModelRefusal =
  | {
      readonly why: 'exists';
      readonly what:
        | 'realm'
        | 'client'
        | 'scope'
        | 'role'
        | 'top-group'
        | 'sibling-group'
        | 'username'
        | 'email'
        | 'mapper';
      readonly name: string;
    }
  | {
      readonly why: 'unknown';
      readonly what: 'realm' | 'client' | 'scope' | 'role' | 'group' | 'user' | 'mapper-type';
      readonly name: string;
    }
  | { readonly why: 'built-in'; readonly what: 'client' | 'role' | 'realm'; readonly name: string }
  | { readonly why: 'invalid'; readonly field: string; readonly message: string };
