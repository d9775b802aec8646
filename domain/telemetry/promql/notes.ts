import type { Span } from './ast.ts';
import type { Annotation, Evaluation } from './evaluation.ts';

export const noteOf = (
  severity: Annotation['severity'],
  message: string,
  span: Span,
): Annotation => ({ severity, message, span });

/** What is worth a word about histograms that were added or subtracted. */
export function noteMerged(
  { note }: Evaluation,
  { hintsCollide, boundsDiffer }: { hintsCollide: boolean; boundsDiffer: boolean },
  span: Span,
): void {
  if (hintsCollide)
    note(noteOf('warning', 'histograms with a counter reset and without one are mixed', span));
  if (boundsDiffer)
    note(
      noteOf(
        'info',
        'histograms with different custom buckets: those that all have are left',
        span,
      ),
    );
}
