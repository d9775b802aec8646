import { expect } from '@jest/globals';
import { anonymousPrincipal, type Principal } from '../../contracts/identity/principal.ts';
import { newId } from '../../domain/shared/new-id.ts';
import type { AppUnderTest, TestAccount } from './app-under-test.ts';

/** The principal of somebody who signed in, for asking domain functions directly. */
export function acting(user: { id: string; name: string }): Principal {
  return {
    ...anonymousPrincipal,
    userId: user.id,
    userName: user.name,
    kind: 'human',
    via: 'session',
  };
}

/** What tests of access do all the time, through the API and as its admin. */
export class AccessSteps {
  readonly app: AppUnderTest;
  readonly admin: TestAccount;

  constructor(app: AppUnderTest, admin: TestAccount) {
    this.app = app;
    this.admin = admin;
  }

  /** sorted permissions that somebody's token has everywhere, or on a project */
  async heldAt(who: TestAccount, projectId?: string): Promise<string[]> {
    const query = projectId === undefined ? '' : `?projectId=${projectId}`;
    const answer = await this.app.call(who, 'GET', `/api/v1/auth/me${query}`);
    return (answer.body as { permissions: string[] }).permissions;
  }

  /** @returns the id of the new role */
  async makeRole(name: string, permissions: string[], inherits: string[] = []): Promise<string> {
    const body = { name, permissions, inherits };
    const answer = await this.app.call(this.admin, 'POST', '/api/v1/roles', body);
    expect(answer.status).toBe(201);
    return (answer.body as { id: string }).id;
  }

  /** @returns the id of the new binding */
  async bind(user: string, role: string, projectId?: string): Promise<string> {
    const body = { user, role, projectId };
    const answer = await this.app.call(this.admin, 'POST', '/api/v1/role-bindings', body);
    expect(answer.status).toBe(201);
    return (answer.body as { id: string }).id;
  }

  /** an agent with roles, as `account` of the app makes people */
  async agent(name: string, ...roles: string[]): Promise<TestAccount> {
    const made = await this.app.account(name, ...roles);
    await this.app.db.user.update({ where: { id: made.id }, data: { kind: 'agent' } });
    return made;
  }

  /** A live delegation as anybody could make it before it took a role that gives project:delegate. @returns its id */
  async linkBefore(
    from: TestAccount,
    to: TestAccount,
    permission: string,
    projectId: string | null = null,
  ): Promise<string> {
    const { id: permissionId } = await this.app.db.permission.findUniqueOrThrow({
      where: { name: permission },
    });
    const id = newId('delegation');
    const data = { id, delegatorId: from.id, delegateId: to.id, permissionId, projectId };
    await this.app.db.delegation.create({ data });
    return id;
  }

  async delegate(from: TestAccount, body: object): Promise<{ status: number; id: string }> {
    const answer = await this.app.call(from, 'POST', '/api/v1/delegations', body);
    return { status: answer.status, id: (answer.body as { id?: string }).id ?? '' };
  }
}
