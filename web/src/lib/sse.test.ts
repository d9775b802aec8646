import { describe, expect, it } from '@jest/globals';
import { EventStreamParser } from './sse.ts';

describe('reading server events', () => {
  it('puts events together from pieces cut anywhere [A-UI-04]', () => {
    const whole =
      'retry: 500\nid: 7\nevent: log\ndata: {"a":\ndata: 1}\n\n: ping\n\nid: 8\ndata: x\r\n\r\n';
    for (let cut = 1; cut < whole.length; cut += 1) {
      const parser = new EventStreamParser();
      const events = [...parser.push(whole.slice(0, cut)), ...parser.push(whole.slice(cut))];
      expect(events).toEqual([
        { id: '7', type: 'log', data: '{"a":\n1}' },
        { id: '8', type: 'message', data: 'x' },
      ]);
      expect(parser.retryMs).toBe(500);
    }
  });

  it('gives nothing for an event that is not complete [A-UI-04]', () => {
    expect(new EventStreamParser().push('data: half\n')).toEqual([]);
  });
});
