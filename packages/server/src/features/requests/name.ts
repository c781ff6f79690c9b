import type { Random } from '@keyturn/protocol';

/** Without vowels and what looks alike, as Kubernetes names are made: no words come out, and none is misread. */
const letters = 'bcdfghjklmnpqrstvwxz2456789';
const suffixLength = 8;

/**
 * A name for a request: the agent's own, as far as a DNS label holds it (RFC 1123), and eight letters by chance. Names
 * are not secret; that they are unique the database says.
 */
export function nameOfRequest(agent: string, random: Random): string {
  const slug = agent
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 50)
    .replace(/-+$/, '');
  let suffix = '';
  // 243 is the largest multiple of 27 in a byte: beyond it some letters would come more often.
  while (suffix.length < suffixLength) {
    for (const byte of random(16)) {
      if (byte < 243 && suffix.length < suffixLength) suffix += letters[byte % letters.length];
    }
  }
  return `${slug === '' ? 'agent' : slug}-${suffix}`;
}
