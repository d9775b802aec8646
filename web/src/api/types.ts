/** A page of a list. */
export interface Page<T> {
  items: T[];
  nextCursor: string | null;
}

export interface User {
  id: string;
  name: string;
  displayName: string | null;
  email: string;
  kind: 'human' | 'agent';
  isActive: boolean;
  createdAt: string;
}

export interface Me {
  userId: string;
  name: string;
  displayName: string | null;
  email: string | null;
  kind: string;
  roles: string[];
  /** patterns held everywhere, or on the project that was asked for */
  permissions: string[];
}

export type Visibility = 'private' | 'internal' | 'public';

export interface Project {
  id: string;
  owner: { id: string; name: string; displayName: string | null };
  name: string;
  displayName: string | null;
  description: string | null;
  visibility: Visibility;
  defaultBranch: string;
  cloneUrl: string;
  createdAt: string;
  updatedAt: string;
}

export type RunStatus = 'pending' | 'running' | 'success' | 'failure' | 'cancelled';
export type StepStatus = RunStatus | 'waiting' | 'skipped';

export interface Run {
  id: string;
  number: number;
  project: { id: string; owner: string; name: string };
  changeId: string;
  trigger: 'push' | 'api' | 'schedule' | 'mr';
  gitRef: string;
  commitSha: string | null;
  commitTitle: string | null;
  status: RunStatus;
  isPaused: boolean;
  triggeredBy: string | null;
  error: string | null;
  createdAt: string;
  startedAt: string | null;
  finishedAt: string | null;
}

export interface Step {
  id: string;
  stepOrder: number;
  name: string;
  kind: 'command' | 'gate';
  image: string;
  commands: string[];
  needs: string[];
  status: StepStatus;
  attempt: number;
  exitCode: number | null;
  reason: string | null;
  durationMs: number | null;
  logBytes: number;
  startedAt: string | null;
  finishedAt: string | null;
}

export type Decision = 'approve' | 'reject' | 'skip';

export interface Gate {
  id: string;
  step: string;
  subjectType: string;
  subjectId: string;
  projectId: string;
  changeId: string;
  commitSha: string | null;
  target: string | null;
  permission: string;
  quorum: number;
  status: 'open' | 'approved' | 'rejected' | 'skipped' | 'expired' | 'void';
  expiresAt: string | null;
  createdAt: string;
  decisions?: { deciderId: string; decision: Decision; reason: string | null; createdAt: string }[];
}

export interface RunDetail extends Run {
  triggeredByName: string | null;
  steps: Step[];
  gates: Gate[];
}

export interface Artifact {
  id: string;
  step: string;
  name: string;
  path: string;
  sizeBytes: number;
  expiresAt: string | null;
  createdAt: string;
  contentUrl: string;
}

export interface Secret {
  id: string;
  name: string;
  scope: 'pipeline' | 'agent' | 'deploy' | 'all';
  version: number;
  createdBy: string | null;
  createdAt: string;
  updatedBy: string | null;
  updatedAt: string;
}

export interface Health {
  status: 'ok' | 'degraded';
  level: 'HEALTHY' | 'DEGRADED' | 'UNHEALTHY';
  version: string;
  components: Record<string, unknown>;
}

export interface Token {
  id: string;
  name: string;
  scopes: string[];
  projectId: string | null;
  lastUsedAt: string | null;
  expiresAt: string | null;
  createdAt: string;
}

export interface Role {
  id: string;
  name: string;
  description: string | null;
  isSystem: boolean;
  permissions: string[];
  inherits: string[];
}

export interface Person {
  name: string;
  email: string;
  at: string;
}

export interface Commit {
  sha: string;
  parents: string[];
  author: Person;
  committer: Person;
  subject: string;
  body: string;
}

export interface FileChange {
  path: string;
  oldPath: string | null;
  additions: number | null;
  deletions: number | null;
}

export interface Diff {
  files: FileChange[];
  patch: string;
  truncated: boolean;
}

export interface TreeEntry {
  name: string;
  path: string;
  kind: 'file' | 'directory' | 'symlink' | 'submodule';
  mode: string;
  sha: string;
  size: number | null;
}

export interface Tree extends Page<TreeEntry> {
  ref: string;
  /** null in an empty repository */
  sha: string | null;
  path: string;
}

export interface RepositoryFile extends TreeEntry {
  ref: string;
  commit: string;
  binary: boolean;
  tooLarge: boolean;
  text: string | null;
  language: string | null;
}

export interface Branch {
  name: string;
  sha: string;
  subject: string;
  committedAt: string;
  isDefault: boolean;
  isProtected: boolean;
}

export interface GitTag {
  name: string;
  sha: string;
  annotated: boolean;
  subject: string;
  taggedAt: string;
}

export interface ProtectedBranch {
  id: string;
  pattern: string;
  allowForcePush: boolean;
  allowDeletion: boolean;
  allowWriters: boolean;
  requiredApprovals: number;
  createdAt: string;
}

export interface Member {
  id: string;
  userId: string;
  userName: string;
  role: string;
  grantedBy: string | null;
  createdAt: string;
}

export interface Session {
  id: string;
  ipAddr: string | null;
  userAgent: string | null;
  createdAt: string;
  expiresAt: string;
  isCurrent: boolean;
}

export interface Binding {
  id: string;
  userId: string;
  userName: string;
  role: string;
  projectId: string | null;
  grantedBy: string | null;
  createdAt: string;
}

export interface Delegation {
  id: string;
  delegatorName: string;
  delegateName: string;
  permission: string;
  projectId: string | null;
  expiresAt: string | null;
  reason: string | null;
  createdAt: string;
  revokedAt: string | null;
}

export interface AuditEntry {
  id: string;
  seq: string;
  actorName: string;
  actChain: string[];
  action: string;
  resource: string;
  resourceId: string | null;
  projectId: string | null;
  detail: unknown;
  ipAddr: string | null;
  requestId: string | null;
  createdAt: string;
}
