import { describe, expect, it } from '@jest/globals';
import { partRows } from './health-parts.ts';

describe('the parts of an installation', () => {
  it('are told in words, those that do not work first', () => {
    const rows = partRows({
      database: 'ok',
      memory: 'ok: 210 MB',
      events: 'error: 1 event could not be handled, see /api/v1/dead-letters',
      somewhere: 'ok',
      agents: { one: true },
    });
    expect(rows.map(({ title, isOk, detail }) => [title, isOk, detail])).toEqual([
      ['Events', false, '1 event could not be handled'],
      ['Postgres', true, ''],
      ['Memory of the API', true, '210 MB'],
      ['somewhere', true, ''],
    ]);
    expect(rows[0]?.rule).toContain('every event was handled');
  });
});
