import { z } from 'zod';
import { defineRecipe } from './recipe.ts';

/** Seed 003, Audit Logging: events that say why an exchange failed. */
export const events = defineRecipe({
  name: 'events',
  summary: 'Stores the events of token exchange, which say in details.reason why one failed.',
  options: z.strictObject({
    types: z.array(z.string().regex(/^[A-Z_]+$/)).default(['TOKEN_EXCHANGE', 'TOKEN_EXCHANGE_ERROR']),
    /** Seconds that events are kept. Left out: for ever, as Keycloak does. */
    expiration: z.coerce.number().int().positive().optional(),
  }),
  expand: ({ types, expiration }) => [
    {
      replaces: 'Keycloak Token Exchange Configuration Guide, Audit Logging',
      why: 'The listener jboss-logging and both types are on by default; what is off is storing events at all.',
      gives: {
        eventsEnabled: true,
        enabledEventTypes: types,
        ...(expiration === undefined ? {} : { eventsExpiration: expiration }),
      },
    },
  ],
});
