import type { components } from '../../../api/openapi.d.ts';
import type { Answer, BodyOf } from './client.ts';

// The names that pages use for what the document of the API describes.
type Schemas = components['schemas'];

/** A page of a list. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export type Me = Schemas['Me'];
export type User = Schemas['User'];
export type Session = Schemas['Session'];
export type Token = Schemas['ApiToken'];
export type Role = Schemas['Role'];
export type Binding = Schemas['RoleBinding'];
export type Delegation = Schemas['Delegation'];
export type AuditEntry = Schemas['AuditEntry'];
export type DeadLetter = Schemas['DeadLetter'];
export type Health = Schemas['Health'];

export type Project = Schemas['Project'];
export type Visibility = Project['visibility'];
export type Member = Schemas['Member'];
export type Secret = Schemas['Secret'];
export type ProtectedBranch = Schemas['ProtectedBranch'];

export type Run = Schemas['Pipeline'];
export type RunStatus = Run['status'];
export type RunDetail = Answer<'get', '/api/v1/pipelines/{id}'>;
export type Step = RunDetail['steps'][number];
export type EgressEntry = Schemas['EgressEntry'];
export type Gate = Schemas['Gate'];
export type Decision = NonNullable<Gate['decisions']>[number]['decision'];
export type Artifact = Schemas['Artifact'];
export type ArtifactSet = Schemas['ArtifactSet'];

export type Branch = Schemas['Branch'];
export type GitTag = Schemas['Tag'];
export type Commit = Schemas['Commit'];
export type Diff = Schemas['Diff'];
export type FileChange = Diff['files'][number];
export type TreeEntry = Schemas['TreeEntry'];
export type Tree = Answer<'get', '/api/v1/projects/{owner}/{project}/tree'>;
export type RepositoryFile = Answer<'get', '/api/v1/projects/{owner}/{project}/files'>;

export type UserName = Schemas['UserName'];
export type Issue = Schemas['Issue'];
export type IssueDetail = Schemas['IssueDetail'];
export type IssueStatus = Issue['status'];
export type Comment = Schemas['Comment'];
export type Deployment = Schemas['Deployment'];
export type Environment = Deployment['environment'];
export type Revision = Schemas['DeploymentRevision'];
export type Sync = Schemas['DeploymentSync'];
export type Wave = Sync['waves'][number];
export type HistoryItem = Schemas['DeploymentHistory'];
export type DeploymentChange = NonNullable<BodyOf<'patch', '/api/v1/deployments/{id}'>>;
export type OpsRepo = Schemas['OpsRepo'];
export type OpsRepoChange = Pick<
  OpsRepo,
  'name' | 'repoUrl' | 'branch' | 'path' | 'syncIntervalS' | 'credentialSecret'
>;

export type Notification = Schemas['Notification'];
export type Preferences = Schemas['NotificationPreferences'];

export type MergeRequest = Schemas['MergeRequest'];
export type MergeRequestDetail = Schemas['MergeRequestDetail'];
export type MergeRequestStatus = MergeRequest['status'];
export type MergeStyle = NonNullable<MergeRequest['mergeStyle']>;
export type Mergeability = Schemas['Mergeability'];
export type MergeRule = Mergeability['rules'][number];
export type ThreadComment = Schemas['ThreadComment'];
export type DiffSide = NonNullable<ThreadComment['position']>['side'];
export type Review = Schemas['Review'];
export type Preview = Schemas['Preview'];

export type Change = Schemas['Change'];
