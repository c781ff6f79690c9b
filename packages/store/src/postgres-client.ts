import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely';
import type { Pool, PoolClient, QueryResultRow } from 'pg';
import { withoutNul } from './parameters.ts';

/** A pool for Kysely that gives no connection out again on which a query was given up: it may still be waiting for it. */
export function discardingPool(pool: Pool): PostgresPool {
  return {
    connect: async () => new DiscardingClient(await pool.connect()),
    end: () => pool.end(),
    options: pool.options,
  };
}

class DiscardingClient implements PostgresPoolClient {
  readonly #client: PoolClient;
  #givenUp = false;

  constructor(client: PoolClient) {
    this.#client = client;
  }

  query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>;
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>;
  query<Row>(
    query: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof query !== 'string') throw new Error('the store uses no cursors');
    return this.#query<Row>(query, parameters);
  }

  release(destroy = false): void {
    this.#client.release(destroy || this.#givenUp);
  }

  async #query<Row>(sql: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    try {
      const { command, rowCount, rows } = await this.#client.query<QueryResultRow>(sql, [...withoutNul(parameters)]);
      // Kysely lists the commands that it looks at; pg gives the name of any. Rows are what the query's author said.
      return { command: command as PostgresQueryResult<Row>['command'], rowCount: rowCount ?? 0, rows: rows as Row[] };
    } catch (error) {
      // What the server itself answers, its own timeout too, has a code, and then the connection is whole.
      if (!(error instanceof Error && 'code' in error && error.code !== undefined)) this.#givenUp = true;
      throw error;
    }
  }
}
