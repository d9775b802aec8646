import { describe, expect, it } from '@jest/globals';
import { understand } from './manifest-schema.ts';

describe('a probe', () => {
  it('with a period or a time limit of 0 has those of one that says nothing [A-DEP-07]', () => {
    const probe = { tcpSocket: { port: 80 } };
    const read = (more: object): unknown => {
      const container = {
        name: 'web',
        image: `artifact:app@sha256:${'0'.repeat(64)}`,
        readinessProbe: { ...probe, ...more },
      };
      const labels = { app: 'web' };
      const what = understand({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web', namespace: 'shop' },
        spec: {
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [container] } },
        },
      });
      return JSON.parse(JSON.stringify(what)) as unknown;
    };
    expect(read({ periodSeconds: 0, timeoutSeconds: 0 })).toEqual(read({}));
    expect(JSON.stringify(read({}))).toContain('"periodSeconds":10');
    expect(JSON.stringify(read({ periodSeconds: 2 }))).toContain('"periodSeconds":2');
  });
});
