/** Prefixes of entity ids: `prefix_` + UUIDv7 in Crockford base32 (26 characters). See domain/shared/new-id.ts. */
export const idPrefixes = {
  user: 'usr',
  session: 'ses',
  token: 'tok',
  role: 'rol',
  permission: 'per',
  binding: 'bnd',
  delegation: 'dlg',
  project: 'prj',
  push: 'psh',
  protectedBranch: 'pbr',
  change: 'chg',
  pipeline: 'run',
  step: 'stp',
  artifact: 'art',
  gate: 'gat',
  decision: 'dec',
  secret: 'sec',
  event: 'evt',
  audit: 'aud',
  deadLetter: 'dlt',
  request: 'req',
} as const;

export type IdKind = keyof typeof idPrefixes;
