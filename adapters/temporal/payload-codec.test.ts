import { describe, expect, it } from '@jest/globals';
import type { Payload, SerializationContext } from '@temporalio/common';
import { foreignPayload, hasForeign } from '../../contracts/foreign-payload.ts';
import { readableSummary } from '../../contracts/readable-summary.ts';
import { createSecretBox } from '../secret-box/secret-box.ts';
import { createPayloadCodec } from './payload-codec.ts';

const box = createSecretBox({ kind: 'key', bytes: Buffer.alloc(32, 9), origin: 'configured' });
const client = createPayloadCodec(box);
const worker = createPayloadCodec(box, { replacesForeign: true });

const plain = (value: unknown): Payload => ({
  metadata: { encoding: new TextEncoder().encode('json/plain') },
  data: new TextEncoder().encode(JSON.stringify(value)),
});
const valueOf = (payload: Payload | undefined) =>
  JSON.parse(Buffer.from(payload?.data ?? []).toString()) as unknown;
const of = (workflowId: string): SerializationContext => ({
  type: 'workflow',
  namespace: 'default',
  workflowId,
});
const activityOf = (workflowId: string): SerializationContext => ({
  ...{ type: 'activity', namespace: 'default', activityId: '1', isLocal: false },
  workflowId,
});

describe('a payload in Temporal', () => {
  it('that was not sealed is refused, whoever reads it [A-SEC-01]', async () => {
    const forged = plain({ decision: 'approve' });
    await expect(client.decode([forged])).rejects.toThrow('it is not sealed');
    await expect(client.decode([forged], of('a'))).rejects.toThrow('it is not sealed');
    // An answer of an activity: the workflow would go on with it.
    await expect(worker.decode([forged], activityOf('a'))).rejects.toThrow('it is not sealed');
    await expect(worker.decode([forged])).rejects.toThrow('it is not sealed');
  });

  it('of a stranger is replaced for a workflow by one that its interceptors know [A-SEC-01]', async () => {
    const [found] = await worker.decode([plain({ decision: 'approve' })], of('a'));
    expect(valueOf(found)).toEqual(foreignPayload);
    expect(hasForeign([1, valueOf(found)])).toBe(true);
    expect(hasForeign([null, 'text', { gateId: 'gat_1' }])).toBe(false);
  });

  it('opens for the workflow that it was sealed for, and for no other [A-SEC-01]', async () => {
    const sealed = await client.encode([plain({ n: 1 })], of('pipeline-run:run_1'));
    for (const context of [of('pipeline-run:run_1'), activityOf('pipeline-run:run_1'), undefined])
      expect(valueOf((await worker.decode(sealed, context))[0])).toEqual({ n: 1 });
    const elsewhere = of('pipeline-run:run_2');
    expect(valueOf((await worker.decode(sealed, elsewhere))[0])).toEqual(foreignPayload);
    await expect(client.decode(sealed, elsewhere)).rejects.toThrow('for another workflow');
    const renamed = sealed.map(({ metadata, data }) => ({
      metadata: { ...metadata, 'workflow-id': new TextEncoder().encode('pipeline-run:run_2') },
      data: data ?? null,
    }));
    await expect(client.decode(renamed as Payload[], elsewhere)).rejects.toThrow('does not open');
    const unbound = sealed.map(({ metadata = {}, data }) => {
      const { 'workflow-id': _gone, ...rest } = metadata ?? {};
      return { metadata: rest, data: data ?? null };
    });
    await expect(client.decode(unbound as Payload[], elsewhere)).rejects.toThrow('does not open');
  });

  it('of a schedule opens for the runs of its workflow [A-SEC-01]', async () => {
    const sealed = await client.encode([plain({ fsck: true })], of('repository-care'));
    const [opened] = await worker.decode(sealed, of('repository-care-2026-11-29T12:00:00Z'));
    expect(valueOf(opened)).toEqual({ fsck: true });
    const [other] = await worker.decode(sealed, of('repository-care-of-others'));
    expect(valueOf(other)).toEqual(foreignPayload);
  });

  it('of a version of before, bound to nothing, still opens: its workflow may be under way [A-REC-01]', async () => {
    const sealed = await client.encode([plain({ n: 1 })]);
    expect(valueOf((await worker.decode(sealed, of('any')))[0])).toEqual({ n: 1 });
  });

  it('stays readable where it is a summary, for clients; a workflow takes none as an input', async () => {
    const [summary] = await client.encode([plain(readableSummary('sample #1'))], of('a'));
    expect(valueOf(summary)).toContain('sample #1');
    expect(await client.decode([summary ?? {}], of('a'))).toEqual([summary]);
    const [found] = await worker.decode([summary ?? {}], of('a'));
    expect(valueOf(found)).toEqual(foreignPayload);
  });

  it('that was recorded before opens by an explicit switch only', async () => {
    const kept = createPayloadCodec(box, { plain: 'kept' });
    expect(await kept.decode([plain(1)], of('a'))).toEqual([plain(1)]);
  });
});
