import type { Spawner } from '../spawner/spawner.ts';

/** What the operator may set (configuration `executor.*`); `main.ts` fills it from the configuration. */
export interface SandboxOptions {
  /** The environment of the Slipway process; only the names of `passEnv` are read, plus HOME and PATH. */
  hostEnv: Readonly<Record<string, string | undefined>>;
  /** For sockets-free scratch: FIFOs, mount points, generated /etc files. Default `/run/slipway`, else below tmp. */
  runtimeDir?: string;
  /** Names of variables that steps get from `hostEnv`, as they are, on top of the registry settings. */
  passEnv?: readonly string[];
  /**
   * `inherit` (default): steps get `registryVariables` and the registry, proxy and CA lines of the operator's npmrc
   * files, never a credential. `none`: they do not.
   */
  registrySettings?: 'inherit' | 'none';
  /** Further host directories that steps see read-only at the same path, for tool chains outside /usr. */
  toolDirs?: readonly string[];
  /** CIDRs in private ranges that steps may reach, for a registry or proxy inside the company. */
  allowPrivate?: readonly string[];
  /** How many networks are kept ready. Default 2. */
  warmNetworks?: number;
  /** Networks can take connections from this host, see `Network.apiSocket`. Default: they cannot. */
  forwarding?: boolean;
  /** Networks have a wall that keeps allow-lists and records what is asked for. Default: they have none. */
  egress?: boolean;
  /** Networks have an address at which we answer, see `ExecutionSpec.service`. Default: they have none. */
  services?: boolean;
  /** Size of a step's /tmp, bytes; it counts as the step's memory. Default 1 GiB. */
  tmpBytes?: number;
  /** Between SIGTERM and SIGKILL. Default 3000. */
  graceMs?: number;
  /** Path of bubblewrap; default: found on PATH. */
  bwrapPath?: string;
  /** Path of slirp4netns, to say that it is elsewhere or not to be used; default: found in the system directories. */
  slirpPath?: string;
  /** Where children are started; one of its own unless given. */
  spawner?: Spawner;
  log?: SandboxLog;
}

export type SandboxLog = (level: 'info' | 'warn', message: string) => void;

/**
 * Registry, proxy and CA settings that common tools read: without them an `npm ci` or `pip install` behind a company
 * proxy fails. None of these usually holds a credential; user names and passwords in their URLs are cut out.
 */
export const registryVariables: readonly string[] = [
  'npm_config_registry',
  'NPM_CONFIG_REGISTRY',
  'YARN_NPM_REGISTRY_SERVER',
  'PIP_INDEX_URL',
  'PIP_CERT',
  'UV_INDEX_URL',
  'GOPROXY',
  'GOSUMDB',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'ALL_PROXY',
  'NO_PROXY',
  'http_proxy',
  'https_proxy',
  'all_proxy',
  'no_proxy',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'REQUESTS_CA_BUNDLE',
  'CURL_CA_BUNDLE',
  'GIT_SSL_CAINFO',
  'CARGO_HTTP_CAINFO',
  'NIX_SSL_CERT_FILE',
];

/** The host user and group that steps are: nobody, nogroup on every distribution we know. */
export const stepUid = 65534;
export const stepGid = 65534;

/** Where a step sees its tree and its home. */
export const workspaceTarget = '/workspace';
export const homeTarget = '/home/build';

/** Where a step's script is shown. */
export const scriptTarget = '/etc/slipway/step.sh';

/** Beneath each layer of a workspace: the tree that steps share, and the attempt's home. */
export const treeName = 'workspace';
export const homeName = 'home';
