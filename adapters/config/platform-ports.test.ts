import { describe, expect, it } from '@jest/globals';
import { loadConfig } from './load-config.ts';
import { platformPorts } from './platform-ports.ts';

describe('the ports that no application is given', () => {
  it('are those that the platform listens on as it is configured', () => {
    const config = loadConfig({
      env: {
        PORT: '30500',
        DATABASE_URL: 'postgresql://u:p@127.0.0.1:30501/x',
        TEMPORAL_ADDRESS: 'localhost:30502',
        TEMPORAL_UI_URL: 'http://[::1]:30503',
        S3_ENDPOINT: 'http://127.0.0.1:30504',
      },
    });
    expect([...platformPorts(config).keys()]).toEqual(
      expect.arrayContaining([30_500, 30_501, 30_502, 30_503, 30_504, 9090]),
    );
    expect(platformPorts(config).get(30_500)).toBe('the API, server.port or PORT');
  });

  it('are not those of other machines', () => {
    const env = {
      DATABASE_URL: 'postgresql://u@db.example.org:30501/x',
      DATABASE_HOST: 'elsewhere',
    };
    expect(platformPorts(loadConfig({ env })).has(30_501)).toBe(false);
  });

  it('are not those that only name a socket', () => {
    const env = { DATABASE_URL: 'postgresql://u@localhost:30501/x?host=%2Fsrv%2Fhome%2Fpostgres' };
    expect(platformPorts(loadConfig({ env })).has(30_501)).toBe(false);
  });
});
