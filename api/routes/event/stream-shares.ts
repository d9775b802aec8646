import { DomainError } from '../../../contracts/problems.ts';

/** Streams last long, and whoever has too many must end one first: asking at once again is of no use, s. */
const retryAfterSeconds = 15;

/** How many streams each caller has open in this process: one account shall not hold all that there can be. */
export class StreamShares {
  private readonly most: number;
  private readonly open = new Map<string, number>();

  /** @param most streams that one caller may have open at once */
  constructor(most: number) {
    this.most = most;
  }

  /**
   * Takes a place for one more stream.
   * @param whose a user, or the network of those who did not sign in
   * @returns gives it back; more than once is once
   * @throws DomainError `rate_limited` when the caller has as many as one may have
   */
  take(whose: string): () => void {
    const count = this.open.get(whose) ?? 0;
    if (count >= this.most) {
      const detail = `At most ${this.most} streams of one account at a time: end one of them. Programs share one stream.`;
      throw new DomainError('rate_limited', detail, { retryAfterSeconds });
    }
    this.open.set(whose, count + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.open.get(whose) ?? 1) - 1;
      if (left > 0) this.open.set(whose, left);
      else this.open.delete(whose);
    };
  }
}
