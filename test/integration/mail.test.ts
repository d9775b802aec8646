import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createMailer } from '../../adapters/mail/smtp-mailer.ts';
import { notifyOfEvent } from '../../domain/notify/notify-of-event.ts';
import {
  type AppUnderTest,
  openAppUnderTest,
  type TestAccount,
} from '../support/app-under-test.ts';
import { mailConfig, relayLogin, sendNext } from '../support/delivery-steps.ts';
import { freePort } from '../support/free-port.ts';
import { eventRecord, makeGate, makeRun } from '../support/notify-steps.ts';
import { type MailReceiver, openMailReceiver, plainMail } from '../support/receivers.ts';

jest.setTimeout(240_000);

let sut: AppUnderTest;
let owner: TestAccount;
let project: { id: string; path: string };
let relay: MailReceiver;

beforeAll(async () => {
  sut = await openAppUnderTest();
  owner = await sut.account('downer', 'admin');
  project = await sut.project(owner, 'hooks');
  relay = await openMailReceiver(relayLogin);
});
afterAll(async () => {
  await relay.close();
  await sut.stop();
});
afterEach(() => {
  relay.refuse = null;
});

const delivery = (id: string) => sut.db.delivery.findUniqueOrThrow({ where: { id } });

describe('mail', () => {
  async function waiting(name: string): Promise<{ who: TestAccount; gateId: string }> {
    const who = await sut.account(name, `maintainer@${project.id}`);
    const run = await makeRun(sut.db, project.id, { status: 'running' });
    const gateId = await makeGate(sut.db, project.id, { pipelineId: run.id });
    const event = eventRecord('gate.opened', { projectId: project.id, subjectId: gateId });
    await notifyOfEvent(sut.db, event, { email: true });
    return { who, gateId };
  }
  const mailOf = async (who: TestAccount) => {
    const answer = await sut.call(who, 'GET', '/api/v1/notifications?channel=email');
    return (answer.body as { items: { id: string; status: string; error: string | null }[] })
      .items[0];
  };

  it('goes through the SMTP relay, with a link to the page and one to answer by [A-NOT-03]', async () => {
    const { who, gateId } = await waiting('mail-taken');
    expect(await mailOf(who)).toMatchObject({ status: 'pending' });
    const id = await sendNext(sut, `mail:${who.id}`, relay.port);
    const mail = relay.mails.at(-1) ?? { to: [], source: '' };
    expect(mail.to).toEqual(['mail-taken@example.test']);
    expect(mail.source).toMatch(/^From: Slipway <ci@slipway.test>/m);
    expect(mail.source).toContain(`Message-ID: <${id ?? ''}@slipway.test>`);
    expect(mail.source).toMatch(/^Subject: \[Slipway\] downer\/hooks #\d+ waits for approval/m);
    const text = plainMail(mail);
    expect(text).toContain(
      `https://slipway.test/gates/${gateId}/answer?token=${gateId}.${who.id}.`,
    );
    expect(text).toMatch(/https:\/\/slipway\.test\/pipelines\/run_/);
    expect(await mailOf(who)).toMatchObject({ status: 'sent' });
  });

  it('is failed after its tries when the relay is down, and can be sent again by hand [A-NOT-03]', async () => {
    const { who } = await waiting('mail-down');
    const nobody = await freePort();
    for (let i = 0; i < 3; i += 1) await sendNext(sut, `mail:${who.id}`, nobody);
    const failed = await mailOf(who);
    expect(failed).toMatchObject({
      status: 'failed',
      error: expect.stringMatching(/^The mail server did not take it: E/) as unknown,
    });
    const { status } = await sut.call(
      who,
      'POST',
      `/api/v1/notifications/${failed?.id ?? ''}/redelivery`,
    );
    expect(status).toBe(202);
    expect(await mailOf(who)).toMatchObject({ status: 'pending' });
    await sendNext(sut, `mail:${who.id}`, relay.port);
    expect(await mailOf(who)).toMatchObject({ status: 'sent', error: null });
  });

  it('that goes out twice, for nobody lived to write the first one down, carries one Message-ID [A-NOT-03]', async () => {
    const { who } = await waiting('mail-twice');
    const id = await sendNext(sut, `mail:${who.id}`, relay.port);
    const before = { status: 'pending', attempts: 0, nextAttemptAt: new Date() };
    await sut.db.delivery.update({ where: { id: id ?? '' }, data: before });
    expect(await sendNext(sut, `mail:${who.id}`, relay.port)).toBe(id);
    const ids = relay.mails
      .filter(({ to }) => to.includes('mail-twice@example.test'))
      .map(({ source }) => /^Message-ID: (.*)$/m.exec(source)?.[1]?.trim());
    expect(ids).toEqual([`<${id ?? ''}@slipway.test>`, `<${id ?? ''}@slipway.test>`]);
  });

  it('is given up at once when the relay knows no such user, not when it refuses us [A-NOT-03]', async () => {
    const { who } = await waiting('mail-refused');
    relay.refuse = { code: 451, text: 'later' };
    const id = await sendNext(sut, `mail:${who.id}`, relay.port);
    expect(await delivery(id ?? '')).toMatchObject({ status: 'pending', attempts: 1 });
    relay.refuse = { code: 550, text: 'no such user' };
    await sendNext(sut, `mail:${who.id}`, relay.port);
    expect(await delivery(id ?? '')).toMatchObject({ status: 'failed', attempts: 2 });
    const { who: other } = await waiting('mail-login');
    const wrong = createMailer(mailConfig(relay.port, { SMTP_PASSWORD: 'canary-wrong' }));
    const sent = wrong?.send({
      to: 'a@example.test',
      subject: '',
      text: '',
      html: '',
      messageId: '<a@b>',
    });
    await expect(sent).rejects.toMatchObject({ isFinal: false });
    await expect(sent).rejects.not.toThrow(/canary-wrong/);
    wrong?.close();
    await sendNext(sut, `mail:${other.id}`, relay.port);
  });

  it('is not sent to whoever may not see the project any more [A-NOT-01]', async () => {
    const { who } = await waiting('mail-left');
    await sut.db.userRole.deleteMany({ where: { userId: who.id } });
    const before = relay.mails.length;
    const id = await sendNext(sut, `mail:${who.id}`, relay.port);
    expect(relay.mails).toHaveLength(before);
    expect(await delivery(id ?? '')).toMatchObject({
      status: 'failed',
      error: 'the project may not be seen any more',
    });
  });
});
