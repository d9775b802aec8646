import type { DefinedRoute } from '../../define-route.ts';
import {
  dismissDeadLetterRoute,
  listDeadLettersRoute,
  retryDeadLetterRoute,
} from './dead-letters.ts';
import { listEventsRoute } from './list-events.ts';

export const eventRoutes: readonly DefinedRoute[] = [
  listEventsRoute,
  listDeadLettersRoute,
  retryDeadLetterRoute,
  dismissDeadLetterRoute,
];
