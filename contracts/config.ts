import { z } from 'zod';

/*
 * Every key that an operator may set. Values arrive as text (environment, command line) or typed (file), so each
 * leaf accepts both. Loading, precedence and messages live in adapters/config/load-config.ts.
 */

/** Whole number, also as text. Empty text is not zero. */
function int(min: number, max: number) {
  const label = `a whole number from ${min} to ${max}`;
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value),
    z.number(label).int(label).min(min, label).max(max, label),
  );
}

/** Fraction from 0 to 1, also as text. */
function ratio() {
  const label = 'a number from 0 to 1';
  return z.preprocess(
    (value) => (typeof value === 'string' && /^[\d.]+$/.test(value.trim()) ? Number(value) : value),
    z.number(label).min(0, label).max(1, label),
  );
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  yes: true,
  on: true,
  '1': true,
  false: false,
  no: false,
  off: false,
  '0': false,
};

function flag() {
  return z.preprocess(
    (value) => (typeof value === 'string' ? (words[value.trim().toLowerCase()] ?? value) : value),
    z.boolean('true or false'),
  );
}

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** A duration in milliseconds: `100ms`, `60s`, `10m`, `8h`; a bare number counts `bareUnit`. */
function duration(bareUnit: 'ms' | 's') {
  const label = 'a duration such as 100ms, 60s or 10m';
  return z.preprocess(
    (value) => {
      const found = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(String(value).trim());
      if (!found) return value;
      return Math.round(Number(found[1]) * (unitMs[found[2] ?? bareUnit] ?? 1));
    },
    z.number(label).int(label).min(1, label),
  );
}

/** A list, also as text with commas. */
function list() {
  return z.preprocess(
    (value) =>
      typeof value === 'string'
        ? value
            .split(',')
            .map((item) => item.trim())
            .filter((item) => item !== '')
        : value,
    z.array(z.string('text'), 'a list, or text with commas'),
  );
}

const text = z.string('text').min(1, 'text that is not empty');
const optionalText = text.nullable().default(null);
const optionalUrl = z.url('an address such as https://host').nullable().default(null);
const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, `one of ${values.join(', ')}`);

/** Sections default to `{}` so that each leaf supplies its own default. */
const section = <T extends z.ZodRawShape>(shape: T) =>
  z.preprocess((value) => value ?? {}, z.strictObject(shape));

export const configSchema = section({
  /** where everything that is not in Postgres lies, unless another key says otherwise */
  home: text.default('.slipway'),
  server: section({
    host: text.default('127.0.0.1'),
    port: int(0, 65_535).default(8080),
    /** address that people use; default: http://host:port */
    publicUrl: optionalUrl,
    timeout: duration('s').default(60_000),
    /** how long a stop waits for requests in flight */
    shutdownTimeout: duration('s').default(30_000),
    /** addresses or CIDR ranges whose X-Forwarded-For is believed */
    trustedProxies: list().default([]),
    maxBodyBytes: int(1024, 104_857_600).default(1_048_576),
    /** requests per minute of one caller over the JSON API */
    rateLimitPerMinute: int(1, 10_000_000).default(6000),
  }),
  database: section({
    url: optionalText,
    host: text.default('localhost'),
    port: int(1, 65_535).default(5432),
    name: text.default('codeai'),
    user: text.default('postgres'),
    password: optionalText,
    sslmode: oneOf(['disable', 'prefer', 'require', 'verify-ca', 'verify-full']).default('disable'),
    poolSize: int(1, 1000).default(10),
    maxOverflow: int(0, 1000).default(20),
    slowQueryThreshold: duration('ms').default(100),
  }),
  temporal: section({
    address: text.default('localhost:7233'),
    namespace: text.default('default'),
    uiUrl: optionalUrl,
    /** PEM files. With any of them the connection is TLS; with certificate and key the server can tell us from others */
    tlsCaFile: optionalText,
    tlsCertFile: optionalText,
    tlsKeyFile: optionalText,
    /** name in the server's certificate, when it is another than that of the address */
    tlsServerName: optionalText,
  }),
  objectStore: section({
    /** unset: files under `home` */
    endpoint: optionalUrl,
    bucket: text.default('slipway'),
    region: text.default('us-east-1'),
    accessKeyId: optionalText,
    secretAccessKey: optionalText,
  }),
  secrets: section({ masterKey: optionalText }),
  log: section({
    level: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    format: oneOf(['json', 'text']).default('json'),
    /** stdout, stderr or a file */
    output: text.default('stdout'),
    addSource: flag().default(false),
    sampleRate: ratio().default(1),
  }),
  telemetry: section({ otlpEndpoint: optionalUrl, serviceName: text.default('slipway') }),
  auth: section({
    sessionDuration: duration('s').default(8 * 3_600_000),
    /** of a name from one network; five times as many of a network, for all names */
    loginAttempts: int(1, 1000).default(10),
    loginWindow: duration('s').default(15 * 60_000),
    jwt: section({
      issuer: optionalText,
      audience: optionalText,
      secret: optionalText,
      /** PEM of an RSA public key */
      publicKey: optionalText,
      jwksUrl: optionalUrl,
      rolesClaim: text.default('roles'),
      permsClaim: text.default('permissions'),
    }),
  }),
  git: section({
    defaultAuthor: text.default('Slipway <slipway@localhost>'),
    cloneTimeout: duration('s').default(300_000),
    /** largest pack that a push may bring */
    maxPushBytes: int(1_048_576, 1_099_511_627_776).default(2_147_483_648),
    /** packs made for clients at once; further fetches wait for up to a minute */
    maxUploadPacks: int(1, 1000).default(4),
    /** pushes taken in at once, a git process each, half of them one caller's; further ones wait for up to a minute */
    maxReceivePacks: int(1, 1000).default(32),
    /** how long a client may send nothing in the middle of a push or a fetch */
    idleTimeout: duration('s').default(60_000),
  }),
  ci: section({ autoQaOnSuccess: flag().default(true), webhookSecret: optionalText }),
  events: section({
    persist: flag().default(true),
    sseEnabled: flag().default(true),
    /** event streams and followed logs that one caller may have open at once, per API process */
    streamsPerCaller: int(1, 1_000_000).default(64),
    retentionDays: int(1, 36_500).default(90),
  }),
  metrics: section({ enabled: flag().default(true), port: int(1, 65_535).default(9090) }),
  storage: section({
    projectsRoot: text.default('projects/'),
    runsRoot: text.default('runs/'),
    tempRoot: text.default('temp/'),
  }),
  health: section({
    /** less free disk than this in a folder of ours is DEGRADED, said at the step that fails, and ends steps that hold much */
    minFreeMb: int(0, 1_048_576).default(512),
    /** the same for inodes: each file and folder takes one */
    minFreeInodes: int(0, 1_000_000_000).default(5000),
  }),
  executor: section({
    /** steps that one worker runs at a time */
    concurrency: int(1, 1000).default(4),
    memoryMb: int(16, 1_048_576).default(2048),
    pids: int(8, 100_000).default(512),
    cpuSeconds: int(1, 864_000).default(3600),
    diskMb: int(16, 1_048_576).default(4096),
    outputMb: int(1, 10_240).default(64),
    stepTimeout: duration('s').default(3_600_000),
    /** names of environment variables handed to steps: registry and proxy settings */
    passEnv: list().default([]),
  }),
  /** the cluster that deployments with the target `kubernetes` go to */
  kubernetes: section({
    /** path of a kubeconfig; unset: the service account of the pod that Slipway runs in */
    kubeconfig: optionalText,
    /** context of the kubeconfig; unset: its current one */
    context: optionalText,
  }),
  cache: section({ redisAddr: text.default('localhost:6379'), valkeyUrl: optionalText }),
  mail: section({
    brevoApiKey: optionalText,
    /** smtp://user:password@host:port; instead of the next keys */
    smtpUrl: optionalText,
    host: optionalText,
    port: int(1, 65_535).default(587),
    user: optionalText,
    password: optionalText,
    from: text.default('Slipway <slipway@localhost>'),
    /** starttls: from the greeting on, required; tls: from the first byte */
    tls: oneOf(['none', 'starttls', 'tls']).default('starttls'),
    timeout: duration('s').default(30_000),
  }),
  /** requests that Slipway makes itself, to addresses that users gave it */
  outbound: section({
    /** names, addresses or CIDR ranges that may be reached although they are not public */
    allowHosts: list().default([]),
    timeout: duration('s').default(10_000),
  }),
  notify: section({
    /** tries before a message is given up */
    attempts: int(1, 100).default(8),
    /** wait before the second try; five times as long before each further one */
    retryAfter: duration('s').default(5_000),
    retryLimit: duration('s').default(7_200_000),
  }),
});

export type Config = z.output<typeof configSchema>;

/** Keys whose value is never shown: in a dump, a log line or an error. */
export const secretConfigKeys: ReadonlySet<string> = new Set([
  'database.password',
  'objectStore.secretAccessKey',
  'secrets.masterKey',
  'auth.jwt.secret',
  'ci.webhookSecret',
  'mail.brevoApiKey',
  'mail.password',
]);

/** Keys that hold a connection address which may carry a password: everything but the password is shown. */
export const connectionConfigKeys: ReadonlySet<string> = new Set([
  'database.url',
  'cache.valkeyUrl',
  'mail.smtpUrl',
]);

/**
 * Environment variables by key, first set one wins. Besides these every key has `SLIPWAY_` + its path in upper
 * snake case: `executor.memoryMb` is SLIPWAY_EXECUTOR_MEMORY_MB.
 */
export const configEnvNames: Readonly<Record<string, readonly string[]>> = {
  home: ['SLIPWAY_HOME'],
  'server.host': ['HOST'],
  'server.port': ['PORT'],
  'server.publicUrl': ['PUBLIC_URL'],
  'server.trustedProxies': ['TRUSTED_PROXIES'],
  'database.url': ['DATABASE_URL'],
  'database.host': ['DATABASE_HOST'],
  'database.port': ['DATABASE_PORT'],
  'database.name': ['DATABASE_NAME'],
  'database.user': ['DATABASE_USER'],
  'database.password': ['DATABASE_PASSWORD'],
  'database.sslmode': ['DATABASE_SSLMODE'],
  'database.poolSize': ['DATABASE_POOL_SIZE'],
  'database.maxOverflow': ['DATABASE_MAX_OVERFLOW'],
  'database.slowQueryThreshold': ['SLOW_QUERY_THRESHOLD'],
  'temporal.address': ['TEMPORAL_ADDRESS', 'TEMPORAL_HOST'],
  'temporal.namespace': ['TEMPORAL_NAMESPACE'],
  'temporal.uiUrl': ['TEMPORAL_UI_URL'],
  'temporal.tlsCaFile': ['TEMPORAL_TLS_SERVER_CA_CERT_PATH'],
  'temporal.tlsCertFile': ['TEMPORAL_TLS_CLIENT_CERT_PATH'],
  'temporal.tlsKeyFile': ['TEMPORAL_TLS_CLIENT_KEY_PATH'],
  'temporal.tlsServerName': ['TEMPORAL_TLS_SERVER_NAME'],
  'objectStore.endpoint': ['S3_ENDPOINT'],
  'objectStore.bucket': ['S3_BUCKET'],
  'objectStore.region': ['S3_REGION'],
  'objectStore.accessKeyId': ['S3_ACCESS_KEY_ID'],
  'objectStore.secretAccessKey': ['S3_SECRET_ACCESS_KEY'],
  'secrets.masterKey': ['SLIPWAY_MASTER_KEY'],
  'log.level': ['LOG_LEVEL'],
  'log.format': ['LOG_FORMAT'],
  'log.output': ['LOG_OUTPUT'],
  'log.addSource': ['LOG_ADD_SOURCE'],
  'log.sampleRate': ['LOG_SAMPLE_RATE'],
  'telemetry.otlpEndpoint': ['OTEL_EXPORTER_OTLP_ENDPOINT'],
  'telemetry.serviceName': ['OTEL_SERVICE_NAME'],
  'auth.jwt.issuer': ['JWT_ISSUER'],
  'auth.jwt.audience': ['JWT_AUDIENCE'],
  'auth.jwt.secret': ['JWT_SECRET'],
  'auth.jwt.publicKey': ['JWT_PUBLIC_KEY'],
  'auth.jwt.jwksUrl': ['JWKS_URL'],
  'auth.jwt.rolesClaim': ['JWT_ROLES_CLAIM'],
  'auth.jwt.permsClaim': ['JWT_PERMS_CLAIM'],
  'ci.webhookSecret': ['CI_WEBHOOK_SECRET'],
  'storage.projectsRoot': ['DEVGODZILLA_PROJECTS_ROOT'],
  'storage.runsRoot': ['DEVGODZILLA_RUNS_ROOT'],
  'storage.tempRoot': ['DEVGODZILLA_TEMP_ROOT'],
  'cache.redisAddr': ['REDIS_ADDR'],
  'cache.valkeyUrl': ['VALKEY_URL'],
  'mail.brevoApiKey': ['BREVO_API_KEY'],
  'mail.smtpUrl': ['SMTP_URL'],
  'mail.host': ['SMTP_HOST'],
  'mail.port': ['SMTP_PORT'],
  'mail.user': ['SMTP_USER'],
  'mail.password': ['SMTP_PASSWORD'],
  'mail.from': ['MAIL_FROM'],
};
