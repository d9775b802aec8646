import { describe, expect, it } from '@jest/globals';
import { parseEgressRule, rulesForName, type EgressRule } from './egress.ts';

const rules = (...lines: string[]): EgressRule[] =>
  lines.map(parseEgressRule).filter((rule) => typeof rule !== 'string');

describe('a line of an egress allow-list', () => {
  it.each([
    [
      'Registry.Example.org',
      { kind: 'name', name: 'registry.example.org', below: false, ports: [] },
    ],
    [
      '*.example.org:443,8443',
      { kind: 'name', name: 'example.org', below: true, ports: [443, 8443] },
    ],
    ['203.0.113.7:22', { kind: 'range', range: '203.0.113.7/32', ports: [22] }],
    ['198.51.100.0/24', { kind: 'range', range: '198.51.100.0/24', ports: [] }],
  ])('takes %s apart', (line, rule) => {
    expect(parseEgressRule(line)).toEqual(rule);
  });

  it.each([
    ['*', 'no name'],
    ['a.*.org', 'no name'],
    ['exa mple.org', 'no name'],
    ['host:0', 'no number from 1'],
    ['host:65536', 'no number from 1'],
    ['host:80:90', 'more than one colon'],
    ['300.1.1.1', 'no IPv4 address'],
    ['10.0.0.0/33', 'more than 32 bits'],
    ['a.org; drop', 'no name'],
    ['', 'no name'],
  ])('refuses %s and says why', (line, why) => {
    expect(parseEgressRule(line)).toEqual(expect.stringContaining(why));
  });

  it('opens a name itself, or all below it, and nothing that only looks alike', () => {
    const opened = (line: string, name: string) => rulesForName(rules(line), name).length > 0;
    expect(opened('example.org', 'EXAMPLE.org.')).toBe(true);
    expect(opened('example.org', 'www.example.org')).toBe(false);
    expect(opened('*.example.org', 'a.b.example.org')).toBe(true);
    expect(opened('*.example.org', 'example.org')).toBe(false);
    expect(opened('*.example.org', 'badexample.org')).toBe(false);
  });
});
