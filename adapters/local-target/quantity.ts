import { DomainError } from '../../contracts/problems.ts';

const factors: Readonly<Record<string, number>> = {
  '': 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 1024,
  Mi: 1024 ** 2,
  Gi: 1024 ** 3,
  Ti: 1024 ** 4,
  P: 1e15,
  E: 1e18,
  Pi: 1024 ** 5,
  Ei: 1024 ** 6,
};

/** Kubernetes' quantities: `500m` is 0.5, `64Mi` 67108864. `validation_failed` for anything else. */
export function quantity(value: string | number): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(String(value)) ?? [];
  const factor = factors[unit];
  if (number === undefined || factor === undefined) {
    throw new DomainError(
      'validation_failed',
      `${JSON.stringify(value)} is not a quantity: write 500m, 0.5, 64Mi or 1Gi.`,
    );
  }
  return Number(number) * factor;
}
