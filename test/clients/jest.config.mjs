import everything from '../../jest.config.mjs';

const { projects, testTimeout } = everything;
const integration = projects.find(({ displayName }) => displayName === 'integration');

/** The stock clients: not a part of `npm test`, for they come from public registries (`npm run clients`). */
export default {
  ...integration,
  rootDir: '../..',
  displayName: 'clients',
  testMatch: ['<rootDir>/test/clients/**/*.client.ts'],
  testTimeout: testTimeout * 3,
};
