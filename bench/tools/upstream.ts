// The upstream of all contenders, in a process of its own: node upstream.ts PORT
import { createServer } from 'node:http';

const item = JSON.stringify({ id: 7, name: 'Margherita', price: 8.5, vegetarian: true, tags: ['classic', 'baked'] });
const itemSchema = {
  type: 'object',
  properties: {
    id: { type: 'integer' },
    name: { type: 'string' },
    price: { type: 'number' },
    vegetarian: { type: 'boolean' },
    tags: { type: 'array', items: { type: 'string' } },
  },
  required: ['id', 'name'],
};

/** A document with as many operations, each with so many characters of description. */
function document(operations: number, words: number): string {
  const paths: Record<string, object> = {
    '/items/{id}': {
      get: {
        operationId: 'get_item',
        summary: 'One item',
        parameters: [
          { name: 'id', in: 'path', required: true, schema: { type: 'integer' } },
          { name: 'full', in: 'query', schema: { type: 'boolean' } },
        ],
        responses: { '200': { description: 'It', content: { 'application/json': { schema: itemSchema } } } },
      },
    },
  };
  for (let i = 1; i < operations; i++) {
    paths[`/things/${i}/{id}`] = {
      post: {
        operationId: `change_thing_${i}`,
        summary: `Changes thing ${i}`,
        description: 'What it does, at length. '.repeat(Math.ceil(words / 25)),
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
        requestBody: { content: { 'application/json': { schema: itemSchema } } },
        responses: { '200': { description: 'It', content: { 'application/json': { schema: itemSchema } } } },
      },
    };
  }
  const servers = [{ url: `http://127.0.0.1:${process.argv[2]}` }];
  return JSON.stringify({ openapi: '3.0.3', info: { title: 'Bench', version: '1' }, servers, paths });
}

const documents: Readonly<Record<string, string>> = {
  '/one.json': document(1, 0),
  '/thousand.json': document(1000, 200),
  '/large.json': document(3000, 2600),
};
createServer((request, response) => {
  const body = documents[request.url ?? ''] ?? item;
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body);
}).listen(Number(process.argv[2]), '127.0.0.1');
