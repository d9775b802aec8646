import { type Client, ScheduleAlreadyRunning, type ScheduleOptions } from '@temporalio/client';

/**
 * Makes a schedule, or brings that of an earlier version up to date; an operator's pause stays. Safe at every start.
 */
export async function ensureSchedule(client: Client, options: ScheduleOptions): Promise<void> {
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const { scheduleId, spec, action, policies } = options;
    await client.schedule
      .getHandle(scheduleId)
      .update((known) => ({ state: known.state, spec, action, policies }));
  }
}
