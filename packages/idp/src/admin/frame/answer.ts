import type { ErrorBody } from '../../http/answers.ts';

/** What a handler answers with; the frame writes it to the wire and into the admin events. */
export interface Answer {
  readonly status: number;
  /** Sent as JSON; absent: an empty body. */
  readonly body?: unknown;
  /** Path below `/admin/realms/<realm>/` of what was created, already encoded. */
  readonly location?: string;
  /** `text/plain` for what Keycloak does not call JSON. Default `application/json`. */
  readonly contentType?: string;
  /** What the admin event shows instead of the request's body. Secrets in it are masked by the frame. */
  readonly recorded?: unknown;
  /** The path that the admin event names, where that is not the new thing's own. */
  readonly recordedPath?: string;
}

/** 200 with JSON. */
export function json(body: unknown): Answer {
  return { status: 200, body };
}

/** 201 with the place of the new thing, and no body, as Keycloak does. `parts` are path segments, encoded here. */
export function created(parts: readonly string[], recorded?: unknown): Answer {
  const location = parts.map(encodeURIComponent).join('/');
  return { status: 201, location, ...(recorded === undefined ? {} : { recorded }) };
}

export const noContent: Answer = { status: 204 };

/** 204, with what the admin event is to show of it. */
export function done(recorded: unknown): Answer {
  return { status: 204, recorded };
}

/** A refusal in one of Keycloak's five shapes. */
export function refused(status: number, body: ErrorBody | object): Answer {
  return { status, body };
}

/** 404 `{"error": "Could not find client"}` and its like. */
export function notFound(error: string): Answer {
  return refused(404, { error });
}

/** 400 or 409 `{"errorMessage": …}`. */
export function message(status: number, errorMessage: string): Answer {
  return refused(status, { errorMessage });
}

export const forbidden: Answer = refused(403, { error: 'HTTP 403 Forbidden' });

/** What Keycloak answers where one of its own faults shows: kept, because clients see the same status. */
export const unknownError: Answer = refused(500, {
  error: 'unknown_error',
  error_description: 'For more on this error consult the server log.',
});

/** What Keycloak has, and has switched off unless told otherwise. */
export const featureOff: Answer = refused(501, {
  error: 'Feature not enabled',
  error_description: 'For more on this error consult the server log.',
});

/** The same for input that Keycloak refuses as a duplicate deep in its model. */
export const duplicate: Answer = refused(409, { error: 'conflict', error_description: 'Duplicate resource error' });

/** 400 `{"error": "invalid_input", …}`: validation of clients. */
export function invalidInput(description: string): Answer {
  return refused(400, { error: 'invalid_input', error_description: description });
}
