import type { DefinedRoute } from '../../define-route.ts';
import {
  cancelPipelineRoute,
  pausePipelineRoute,
  resumePipelineRoute,
} from './command-pipeline.ts';
import { getPipelineRoute, listStepsRoute } from './get-pipeline.ts';
import { getStepEgressRoute } from './get-step-egress.ts';
import { definitionSchemaRoute, lintDefinitionRoute } from './lint-definition.ts';
import { listPipelinesRoute } from './list-pipelines.ts';
import { listProjectPipelinesRoute } from './list-project-pipelines.ts';
import { logRoutes } from './logs.ts';
import { rerunPipelineRoute } from './rerun-pipeline.ts';
import { startPipelineRoute } from './start-pipeline.ts';

export const pipelineRoutes: readonly DefinedRoute[] = [
  listPipelinesRoute,
  lintDefinitionRoute,
  definitionSchemaRoute,
  listProjectPipelinesRoute,
  startPipelineRoute,
  getPipelineRoute,
  listStepsRoute,
  getStepEgressRoute,
  cancelPipelineRoute,
  pausePipelineRoute,
  resumePipelineRoute,
  rerunPipelineRoute,
  ...logRoutes,
];
