import type { PreviewRecords } from '../../contracts/deploy/preview.ts';
import { finishPreview } from '../../domain/deploy/finish-preview.ts';
import { planPreview } from '../../domain/deploy/plan-preview.ts';
import type { PrismaClient } from '../../prisma/generated/client.ts';
import { translating } from '../translating.ts';

/** Rows of previews: queue `core`. */
export function createPreviewRecords(db: PrismaClient): PreviewRecords {
  return {
    planPreview: translating(({ mergeRequestId }) => planPreview(db, mergeRequestId)),
    finishPreview: translating((input) => finishPreview(db, input)),
  };
}
