import type {
  PipelineRunState,
  PipelineStatus,
  StepPlan,
  StepStatus,
} from '../../contracts/pipeline/types.ts';

interface StepProgress {
  plan: StepPlan;
  status: StepStatus;
  attempt: number;
  reason: string | null;
}

/** Progress of one run: which steps may start, which never will, and how the run ends. Decides, does nothing. */
export class PipelineRunProgress {
  readonly #steps: Map<string, StepProgress>;
  #paused = false;
  #cancelled = false;

  constructor(plans: readonly StepPlan[]) {
    this.#steps = new Map(
      plans.map((plan) => [
        plan.name,
        {
          plan,
          status: plan.skipReason === null ? ('pending' as const) : ('skipped' as const),
          attempt: 0,
          reason: plan.skipReason,
        },
      ]),
    );
  }

  get paused(): boolean {
    return this.#paused;
  }

  get cancelled(): boolean {
    return this.#cancelled;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }

  cancel(): void {
    this.#cancelled = true;
  }

  /**
   * Steps that can start now: pending, and everything they need is done. None while paused or cancelled.
   * @param share how many commands may run at once; the others wait their turn. Gates only wait for people
   */
  startable(share = Number.POSITIVE_INFINITY): StepPlan[] {
    if (this.#paused || this.#cancelled) return [];
    const ready = [...this.#steps.values()].filter(
      (step) => step.status === 'pending' && step.plan.needs.every((need) => this.#satisfied(need)),
    );
    let left = share - [...this.#steps.values()].filter((step) => step.status === 'running').length;
    return ready
      .filter(({ plan }) => plan.kind === 'gate' || (left -= 1) >= 0)
      .map((step) => step.plan);
  }

  /**
   * The step, and those that follow it one by one: nothing else waits for the one before, and nothing that they wait for is
   * still to come. A row ends before a gate, and where steps go on beside each other.
   */
  rowFrom(first: StepPlan): StepPlan[] {
    const row = [first];
    for (;;) {
      const last = row.at(-1) ?? first;
      const waiting = [...this.#steps.values()].filter(
        ({ status, plan }) => status === 'pending' && plan.needs.includes(last.name),
      );
      const [next] = waiting;
      if (next === undefined || waiting.length > 1 || next.plan.kind === 'gate') return row;
      const isReady = next.plan.needs.every(
        (need) => row.some(({ name }) => name === need) || this.#satisfied(need),
      );
      if (!isReady) return row;
      row.push(next.plan);
    }
  }

  /** Whether the run is over, and well, when all of these have succeeded. */
  isRest(row: readonly StepPlan[]): boolean {
    if (this.#cancelled) return false;
    return [...this.#steps.values()].every(
      ({ plan, status }) =>
        row.some(({ name }) => name === plan.name) ||
        status === 'success' ||
        status === 'skipped' ||
        (status === 'failure' && plan.allowFailure),
    );
  }

  /** Pending steps whose needs failed; they are marked skipped and given once. */
  takeBlocked(): { name: string; reason: string }[] {
    const blocked: { name: string; reason: string }[] = [];
    let found = true;
    while (found) {
      found = false;
      for (const step of this.#steps.values()) {
        if (step.status !== 'pending') continue;
        const culprit = step.plan.needs.find((need) => this.#hopeless(need));
        if (culprit === undefined) continue;
        step.status = 'skipped';
        step.reason = `${culprit} did not succeed`;
        blocked.push({ name: step.plan.name, reason: step.reason });
        found = true;
      }
    }
    return blocked;
  }

  isRunning(name: string): boolean {
    return this.#get(name).status === 'running';
  }

  begin(name: string, status: 'running' | 'waiting'): void {
    const step = this.#get(name);
    step.status = status;
    step.attempt += 1;
  }

  end(
    name: string,
    status: 'success' | 'failure' | 'skipped' | 'cancelled',
    reason: string | null,
  ): void {
    const step = this.#get(name);
    step.status = status;
    step.reason = reason;
  }

  /** True when no step runs or waits and none can start any more. */
  isOver(): boolean {
    const statuses = [...this.#steps.values()].map((step) => step.status);
    if (statuses.some((status) => status === 'running' || status === 'waiting')) return false;
    return this.#cancelled || !statuses.includes('pending');
  }

  outcome(): PipelineStatus {
    if (this.#cancelled) return 'cancelled';
    const steps = [...this.#steps.values()];
    if (steps.some((step) => step.status === 'cancelled')) return 'cancelled';
    return steps.some((step) => step.status === 'failure' && !step.plan.allowFailure)
      ? 'failure'
      : 'success';
  }

  /**
   * Every step whose files `name` builds on (those that succeeded), each after its own needs.
   * @param before names of steps that will have succeeded by then
   */
  ancestorsOf(name: string, before: readonly string[] = []): string[] {
    const ordered: string[] = [];
    const visit = (current: string): void => {
      for (const need of this.#get(current).plan.needs) {
        if (ordered.includes(need)) continue;
        visit(need);
        ordered.push(need);
      }
    };
    visit(name);
    return ordered.filter((ancestor) => {
      const { plan, status } = this.#get(ancestor);
      return plan.kind === 'command' && (status === 'success' || before.includes(ancestor));
    });
  }

  snapshot(): PipelineRunState {
    return {
      status: this.isOver() ? this.outcome() : 'running',
      paused: this.#paused,
      steps: [...this.#steps.values()].map(({ plan, status, attempt, reason }) => ({
        name: plan.name,
        status,
        attempt,
        reason,
      })),
    };
  }

  /** A step that was skipped by its own `when` does not hold back what needs it; one skipped for a failure does. */
  #satisfied(name: string): boolean {
    const step = this.#get(name);
    if (step.status === 'success') return true;
    if (step.status === 'failure') return step.plan.allowFailure;
    return step.status === 'skipped' && !this.#hopeless(name);
  }

  #hopeless(name: string): boolean {
    const step = this.#get(name);
    if (step.status === 'cancelled') return true;
    if (step.status === 'failure') return !step.plan.allowFailure;
    return step.status === 'skipped' && step.plan.needs.some((need) => this.#hopeless(need));
  }

  #get(name: string): StepProgress {
    const step = this.#steps.get(name);
    if (step === undefined) throw new Error(`no step ${name}`);
    return step;
  }
}
