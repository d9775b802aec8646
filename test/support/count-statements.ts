import pg from 'pg';

export interface SentStatement {
  text: string;
  values: unknown[];
}

/** What is sent to Postgres by this process while `work` runs, in the order of sending; words of transactions, too. */
export async function statementsOf(work: () => Promise<unknown>): Promise<SentStatement[]> {
  const sent: SentStatement[] = [];
  const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const { query } = client;
  client.query = function counted(this: unknown, ...args: unknown[]): unknown {
    const [what] = args as (string | Partial<SentStatement>)[];
    const { text = '', values = [] } = typeof what === 'string' ? { text: what } : (what ?? {});
    sent.push({ text, values });
    return query.apply(this, args);
  };
  try {
    await work();
  } finally {
    client.query = query;
  }
  return sent;
}
