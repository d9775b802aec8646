import { readFileSync } from 'node:fs';
import type { TLSConfig } from '@temporalio/client';
import { ConfigError } from '../config/config-error.ts';

/** How Temporal is reached; the files are PEM. */
export interface TemporalAddress {
  /** host:port */
  address: string;
  namespace: string;
  tlsCaFile?: string | null;
  tlsCertFile?: string | null;
  tlsKeyFile?: string | null;
  tlsServerName?: string | null;
}

/**
 * TLS as the settings ask for it; without any of them the connection is plain. With certificate and key the server knows
 * who comes: other accounts of the machine are refused.
 * @throws ConfigError naming the setting whose file cannot be read, or that is missing
 */
export function temporalTls(settings: TemporalAddress): { tls: TLSConfig } | undefined {
  const { tlsCaFile = null, tlsCertFile = null, tlsKeyFile = null } = settings;
  const { tlsServerName = null } = settings;
  if ([tlsCaFile, tlsCertFile, tlsKeyFile, tlsServerName].every((value) => value === null))
    return undefined;
  if ((tlsCertFile === null) !== (tlsKeyFile === null)) {
    const missing = tlsCertFile === null ? 'temporal.tlsCertFile' : 'temporal.tlsKeyFile';
    throw new ConfigError(
      `${missing}: a client certificate needs its key, expected the path of both`,
    );
  }
  return {
    tls: {
      ...(tlsServerName === null ? {} : { serverNameOverride: tlsServerName }),
      ...(tlsCaFile === null
        ? {}
        : { serverRootCACertificate: readPem('temporal.tlsCaFile', tlsCaFile) }),
      ...(tlsCertFile === null || tlsKeyFile === null
        ? {}
        : {
            clientCertPair: {
              crt: readPem('temporal.tlsCertFile', tlsCertFile),
              key: readPem('temporal.tlsKeyFile', tlsKeyFile),
            },
          }),
    },
  };
}

function readPem(setting: string, file: string): Uint8Array {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new ConfigError(`${setting}: ${file} cannot be read (${code}), expected a PEM file`, {
      cause: error,
    });
  }
  if (!text.includes('-----BEGIN ')) throw new ConfigError(`${setting}: ${file} is no PEM file`);
  return new TextEncoder().encode(text);
}
