/** Somebody, as their identity provider names them. Two issuers may use one `sub` for two people. */
export interface Person {
  readonly issuer: string;
  readonly subject: string;
}

/** The name by which the model knows a person: the issuer, a blank, the subject. An issuer is a URL and has no blank. */
export function userKey({ issuer, subject }: Person): string {
  return `${issuer} ${subject}`;
}

/** The person whose key this is. */
export function personOf(key: string): Person {
  const end = key.indexOf(' ');
  return { issuer: key.slice(0, end), subject: key.slice(end + 1) };
}
