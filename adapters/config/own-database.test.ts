import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pg from 'pg';
import {
  findOwnDatabase,
  ownDatabaseUrl,
  placeOwnDatabase,
  urlOfOwnDatabase,
} from './own-database.mjs';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), 'slipway-own-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

const choosePort = () => Promise.resolve(54_320);
const writePorts = async (ports: object) => {
  await mkdir(path.join(home, 'run'));
  await writeFile(path.join(home, 'run/ports.json'), JSON.stringify(ports));
  await writeFile(path.join(home, 'postgres-password'), 'pass word\n');
};

describe('the address of the Postgres that the start brings', () => {
  it('is a socket among its data, whatever the folder is called [A-SEC-01]', async () => {
    const folder = "/srv/a b%20c'd,e/postgres";
    const place = await placeOwnDatabase(path.dirname(folder), choosePort);
    expect(place.folder).toBe(folder);
    const { connectionParameters } = new pg.Client(
      urlOfOwnDatabase(place, 'p@ss/w:rd'),
    ) as unknown as {
      connectionParameters: object;
    };
    expect(connectionParameters).toMatchObject({
      ...{ host: folder, port: place.port, isDomainSocket: true },
      ...{ user: 'slipway', database: 'slipway' },
    });
  });

  it('is a port of loopback where the path has no room for a socket', async () => {
    const place = await placeOwnDatabase(`/srv/${'long/'.repeat(20)}`, choosePort);
    expect(place).toEqual({ folder: null, port: 54_320 });
    expect(urlOfOwnDatabase(place, 'x')).toBe('postgresql://slipway:x@127.0.0.1:54320/slipway');
  });

  it('is found by what the start has written down, also by one of a version without sockets', async () => {
    expect(await ownDatabaseUrl(home)).toBeNull();
    await writePorts({ postgres: 54_321, temporal: 7233 });
    expect(await findOwnDatabase(home)).toEqual({ folder: null, port: 54_321 });
    expect(await ownDatabaseUrl(home)).toBe(
      'postgresql://slipway:pass%20word@127.0.0.1:54321/slipway',
    );
    const postgresFolder = path.join(home, 'postgres');
    await rm(path.join(home, 'run'), { recursive: true });
    await writePorts({ postgres: 5432, postgresFolder, temporal: 7233 });
    expect(await ownDatabaseUrl(home)).toContain(`?host=${encodeURIComponent(postgresFolder)}`);
  });
});
