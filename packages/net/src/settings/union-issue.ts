import type { z } from 'zod';

type Issue = z.core.$ZodIssue;

/**
 * Of a value that may be one of several kinds, what is wrong with it as the kind that it was meant to be: the only one
 * that got beyond the kind of the value. Where there is none, or more than one, the kinds themselves.
 */
export function issuesOfMeant(union: z.core.$ZodIssueInvalidUnion): readonly Issue[] {
  const [meant, ...others] = union.errors.filter((errors) => !errors.some(isOfAnotherKind));
  if (meant === undefined || others.length > 0) return [{ ...union, code: 'custom', message: explainKinds(union) }];
  return meant.flatMap((inner) => {
    const placed = { ...inner, path: [...union.path, ...inner.path] };
    return placed.code === 'invalid_union' ? issuesOfMeant(placed) : [placed];
  });
}

function isOfAnotherKind({ code, path }: Issue): boolean {
  return path.length === 0 && (code === 'invalid_type' || code === 'invalid_value');
}

function explainKinds({ errors, message }: z.core.$ZodIssueInvalidUnion): string {
  const kinds = errors.flat().flatMap((one): readonly string[] => {
    if (one.code === 'invalid_value') return one.values.map(String);
    return one.code === 'invalid_type' ? [one.expected] : [];
  });
  return kinds.length === 0 ? message : `${message}: expected ${[...new Set(kinds)].join(' or ')}`;
}
