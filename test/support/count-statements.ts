import pg from 'pg';

/**
 * Counts what is sent to Postgres by this process while `work` runs: each statement, and words of transactions.
 * @returns the texts in the order of sending
 */
export async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const sent: string[] = [];
  const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = client;
  client.query = function counted(this: unknown, ...args: unknown[]): unknown {
    const [what] = args as (string | { text?: string })[];
    sent.push((typeof what === 'string' ? what : what?.text) ?? '');
    return query.apply(this, args);
  };
  try {
    await work();
  } finally {
    client.query = query;
  }
  return sent;
}
