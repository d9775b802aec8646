import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

describe('the database', () => {
  let test: TestDatabase;
  beforeAll(async () => {
    test = await createTestDatabase();
  });
  afterAll(() => test.drop());

  it('has the five system roles and no user [A-CORE-12]', async () => {
    expect(await test.db.user.count()).toBe(0);
    const roles = await test.db.role.findMany({ where: { isSystem: true } });
    expect(roles.map((r) => r.name).sort()).toEqual([
      'admin',
      'agent',
      'developer',
      'ops',
      'viewer',
    ]);
  });
});
