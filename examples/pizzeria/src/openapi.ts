/** The pizzeria's OpenAPI 3.1 document, as it serves it at /openapi.json. `baseUrl` has no trailing slash. */
export function buildOpenApi(baseUrl: string): object {
  const json = (schema: object) => ({ content: { 'application/json': { schema } } });
  const answer = (description: string, schema: object) => ({ description, ...json(schema) });
  const seen = { $ref: '#/components/schemas/Seen' };
  const withSeen = (properties: Record<string, object>) => ({
    type: 'object',
    properties: { ...properties, seen },
    required: [...Object.keys(properties), 'seen'],
  });
  const itemId = { name: 'item_id', in: 'path', required: true, schema: { type: 'string', maxLength: 64 } };
  const orderId = { name: 'order_id', in: 'path', required: true, schema: { type: 'string', maxLength: 64 } };
  return {
    openapi: '3.1.0',
    info: { title: 'Pizzeria Backend API', version: '1.0.0', description: 'A menu, orders, and a mirror.' },
    servers: [{ url: baseUrl }],
    security: [{ bearer: [] }],
    paths: {
      '/menu': {
        get: {
          operationId: 'get_menu_items',
          summary: 'List the menu',
          tags: ['menu'],
          parameters: [
            {
              name: 'vegetarian',
              in: 'query',
              description: 'Only dishes without meat, or only dishes with it.',
              schema: { type: 'boolean' },
            },
            {
              name: 'max_price',
              in: 'query',
              description: 'In euros, inclusive.',
              schema: { type: 'number', minimum: 0 },
            },
          ],
          responses: {
            200: answer(
              'The dishes',
              withSeen({ items: { type: 'array', items: { $ref: '#/components/schemas/MenuItem' } } }),
            ),
          },
        },
      },
      '/menu/{item_id}': {
        get: {
          operationId: 'get_menu_item',
          summary: 'Show one dish',
          tags: ['menu'],
          parameters: [itemId],
          responses: {
            200: answer('The dish', withSeen({ item: { $ref: '#/components/schemas/MenuItem' } })),
            404: answer('No such dish', { $ref: '#/components/schemas/Error' }),
          },
        },
        delete: {
          operationId: 'remove_menu_item',
          summary: 'Take a dish off the menu (needs the realm role pizzeria-chef)',
          tags: ['menu'],
          parameters: [itemId],
          responses: {
            204: { description: 'Gone' },
            403: answer('The caller is not a chef', { $ref: '#/components/schemas/Error' }),
          },
        },
      },
      '/orders': {
        post: {
          operationId: 'place_order',
          summary: 'Order dishes',
          tags: ['orders'],
          parameters: [
            {
              name: 'Idempotency-Key',
              in: 'header',
              description: 'Sent twice, the order is placed once.',
              schema: { type: 'string', maxLength: 64 },
            },
          ],
          requestBody: { required: true, ...json({ $ref: '#/components/schemas/NewOrder' }) },
          responses: { 201: answer('The order', withSeen({ order: { $ref: '#/components/schemas/Order' } })) },
        },
      },
      '/orders/{order_id}': {
        get: {
          operationId: 'get_order',
          summary: 'Show one of my orders',
          tags: ['orders'],
          parameters: [orderId],
          responses: {
            200: answer('The order', withSeen({ order: { $ref: '#/components/schemas/Order' } })),
            404: answer('No such order of this caller', { $ref: '#/components/schemas/Error' }),
          },
        },
      },
      '/whoami': {
        get: {
          operationId: 'who_am_i',
          summary: 'Show the caller as this API sees it',
          tags: ['mirror'],
          responses: { 200: answer('The caller', withSeen({})) },
        },
      },
    },
    components: {
      securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      schemas: {
        MenuItem: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            name: { type: 'string' },
            price: { type: 'number', description: 'In euros.' },
            vegetarian: { type: 'boolean' },
          },
          required: ['id', 'name', 'price', 'vegetarian'],
        },
        NewOrder: {
          type: 'object',
          properties: {
            items: {
              type: 'array',
              minItems: 1,
              maxItems: 20,
              items: {
                type: 'object',
                properties: { id: { type: 'string' }, count: { type: 'integer', minimum: 1, maximum: 50 } },
                required: ['id', 'count'],
                additionalProperties: false,
              },
            },
            note: { type: ['string', 'null'], maxLength: 200 },
          },
          required: ['items'],
          additionalProperties: false,
        },
        Order: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            total: { type: 'number', description: 'In euros.' },
            items: { type: 'array', items: { type: 'object' } },
          },
          required: ['id', 'total', 'items'],
        },
        Seen: {
          type: 'object',
          description: 'What the token said that came with this call.',
          properties: {
            iss: { type: 'string' },
            sub: { type: 'string' },
            azp: { type: 'string' },
            aud: { type: 'array', items: { type: 'string' } },
            username: { type: 'string' },
          },
          required: ['iss', 'aud'],
        },
        Error: {
          type: 'object',
          properties: { error: { type: 'string' }, message: { type: 'string' } },
          required: ['error', 'message'],
        },
      },
    },
  };
}
