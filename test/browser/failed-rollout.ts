import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { newId } from '../../domain/shared/new-id.ts';
import type { Slipway } from '../support/slipway.ts';
import { axeFindings, desktop, phone, picture, shows, sidewaysScroll } from './browser.ts';
import { setUpEnvironment } from './deployer.ts';

/** A rollout that a run asked for fails while its list is looked at; then Home and the run tell of it. */
export async function seeFailedRollout(slipway: Slipway, page: Page): Promise<void> {
  const { db } = slipway.database;
  const fleet = await setUpEnvironment(slipway, 'fleet', 'production');
  await fleet.deploy('a', 2);
  const { projectId } = await db.deployment.findUniqueOrThrow({
    where: { id: fleet.deploymentId },
  });
  const run = { id: newId('pipeline'), changeId: newId('change'), commitSha: 'b'.repeat(40) };
  const passed = { trigger: 'push', status: 'success', finishedAt: new Date() };
  await db.pipeline.create({
    data: { ...run, ...passed, projectId, number: 1, gitRef: 'refs/heads/main' },
  });
  const asked = { pipelineId: run.id, changeId: run.changeId, commitSha: run.commitSha };
  await db.deployment.update({ where: { id: fleet.deploymentId }, data: asked });
  const sync = await fleet.begin('b', 2);
  await page.goto(`${slipway.baseUrl}/pipelines`);
  await page.getByRole('link', { name: 'main', exact: true }).waitFor();
  await fleet.finish(sync, 'undone', 'Deployment shop: 2 of 2 pods keep failing');
  // without a reload
  const failed = page.getByRole('link', { name: 'Production failed and was undone' });
  await failed.waitFor();
  await picture(page, 'pipelines-failed-rollout');
  expect(await axeFindings(page)).toEqual([]);
  await page.goto(`${slipway.baseUrl}/`);
  const broken = page.locator('.line-row', { hasText: 'admin/fleet to Production' });
  await broken.getByText('Deployment shop: 2 of 2 pods keep failing').waitFor();
  // in what ran lately and on the tile of its project
  await shows(() => failed.count(), 2);
  await picture(page, 'home-broken');
  expect(await axeFindings(page)).toEqual([]);
  await page.goto(`${slipway.baseUrl}/pipelines/${run.id}`);
  await page.getByRole('alert').getByText('2 of 2 pods keep failing').waitFor();
  await picture(page, 'run-failed-rollout');
  await page.setViewportSize(phone);
  expect(await sidewaysScroll(page)).toBe(0);
  await picture(page, 'run-failed-rollout-phone');
  await page.goto(`${slipway.baseUrl}/pipelines`);
  await failed.waitFor();
  expect(await sidewaysScroll(page)).toBe(0);
  await picture(page, 'pipelines-failed-rollout-phone');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${slipway.baseUrl}/`);
  await failed.first().waitFor();
  await picture(page, 'home-broken-phone-dark');
  await page.setViewportSize(desktop);
}
