import type { DefinedRoute } from '../../define-route.ts';
import { answerGateRoute, showAnswerRoute } from './answer-gate.ts';
import { decideGateRoute } from './decide-gate.ts';
import { listGatesRoute } from './list-gates.ts';

export const gateRoutes: readonly DefinedRoute[] = [
  listGatesRoute,
  decideGateRoute,
  showAnswerRoute,
  answerGateRoute,
];
