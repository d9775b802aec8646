import type { DefinedRoute } from '../../define-route.ts';
import { downloadArtifactRoute, downloadArtifactsRoute } from './download-artifact.ts';
import { getStepLogRoute } from './get-step-log.ts';
import {
  listArtifactSetsRoute,
  listPipelineArtifactsRoute,
  listProjectArtifactsRoute,
} from './list-artifacts.ts';

/** Logs and artifacts of pipelines. */
export const logRoutes: readonly DefinedRoute[] = [
  getStepLogRoute,
  listProjectArtifactsRoute,
  listArtifactSetsRoute,
  listPipelineArtifactsRoute,
  downloadArtifactRoute,
  downloadArtifactsRoute,
];
