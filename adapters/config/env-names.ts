import { configKeys, envNamesOf } from './config-keys.ts';
import { didYouMean } from './nearest-name.ts';

const prefix = 'SLIPWAY_';

/** Every environment variable that sets something. */
const settings: ReadonlySet<string> = new Set(configKeys.flatMap(envNamesOf));

/** Names with our prefix that are no settings: read by a command, by the image, by a step, or by our own tests. */
const others: ReadonlySet<string> = new Set([
  'SLIPWAY_CONFIG',
  'SLIPWAY_IMAGE',
  // `slipway demo`, and the development server of the web
  'SLIPWAY_URL',
  'SLIPWAY_TOKEN',
  'SLIPWAY_DEV_API',
  // what a step gets: Slipway may itself be started in one
  'SLIPWAY_WRAPPER',
  'SLIPWAY_PIPELINE_ID',
  'SLIPWAY_PIPELINE_NUMBER',
  'SLIPWAY_PROJECT_ID',
  'SLIPWAY_CHANGE_ID',
  'SLIPWAY_STEP',
  'SLIPWAY_COMMIT',
  'SLIPWAY_REF',
  'SLIPWAY_BRANCH',
  'SLIPWAY_EVENT',
  'SLIPWAY_ATTACK_LEDGER',
  'SLIPWAY_SCREENSHOTS',
  'SLIPWAY_TELL',
]);
const ownFamilies = /^SLIPWAY_(TEST|FAULT|BENCH)_/;

/** Kubernetes puts the addresses of every service into every pod: one named `slipway-web` gives SLIPWAY_WEB_PORT_80_TCP. */
const serviceNames =
  /_SERVICE_HOST$|_SERVICE_PORT(_[A-Z0-9_]+)?$|_PORT_\d+_(TCP|UDP|SCTP)(_[A-Z]+)?$/;
const serviceAddress = /^(tcp|udp|sctp):\/\//;

/**
 * Sentences about variables of the environment that look like settings of Slipway and are none. Empty ones count as not
 * set. Values are never told.
 * @param known further names that somebody asked for: in the configuration file, or to be handed to steps
 */
export function describeUnknownNames(
  env: Readonly<Record<string, string | undefined>>,
  known: ReadonlySet<string>,
): string[] {
  return Object.entries(env)
    .filter(([name, value = '']) => name.startsWith(prefix) && value !== '' && !known.has(name))
    .filter(([name, value = '']) => !isKnown(name) && !isOfService(name, value))
    .map(
      ([name]) => `${name} in the environment is not a setting of Slipway${suggestionFor(name)}`,
    );
}

function isKnown(name: string): boolean {
  return settings.has(name) || others.has(name) || ownFamilies.test(name);
}

function isOfService(name: string, value: string): boolean {
  return serviceNames.test(name) || (name.endsWith('_PORT') && serviceAddress.test(value));
}

function suggestionFor(name: string): string {
  return didYouMean(name, [...settings, ...others]);
}
