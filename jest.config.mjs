import { whyNoCluster } from './test/support/kubernetes/programs.mjs';

const base = {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts', '.tsx'],
  transform: {
    '^.+\\.tsx?$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', tsx: true },
          target: 'es2022',
          transform: { react: { runtime: 'automatic', importSource: 'preact' } },
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/dist', '<rootDir>/web/dist', '<rootDir>/.slipway'],
};
const withServers = {
  ...base,
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};

// `--selectProjects unit some/path` would take the path for one more project's name and run everything: what looks
// like a path is meant as one.
const named = process.argv.slice(2);
const paths = named.includes('--selectProjects')
  ? named.filter((word) => /^[a-z].*\//.test(word))
  : [];
const narrowed = (project) =>
  paths.length === 0
    ? project
    : {
        ...project,
        testMatch: project.testMatch,
        testRegex: [],
        testPathIgnorePatterns: [
          ...(project.testPathIgnorePatterns ?? []),
          `^(?!.*(${paths.map((word) => word.replace(/[.]/g, '\\.')).join('|')}))`,
        ],
      };

// Real pods need a real cluster, which takes minutes to build: where there is none, a run of its tests alone counts every
// one of them as skipped, so that nothing is left out in silence; the files are read, and no server is started.
const noCluster = process.env.SLIPWAY_TEST_KUBERNETES === '1' ? null : whyNoCluster();
const onlyCluster = named.includes('kubernetes') && !named.includes('integration');
const counted = noCluster !== null && onlyCluster;
if (counted) process.stderr.write(`Skipped, the tests on a cluster: ${noCluster}\n`);

/** Projects by what they need: nothing, servers, the built product, a browser. `npm test` runs them in this order. */
export default {
  // a loaded machine takes its time; what hangs is ended by this, what is slow is no failure
  testTimeout: 240_000,
  ...(counted ? { testNamePattern: '^(?!)' } : {}),
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{contracts,workflows,domain,adapters,activities,launch,workers,api,cli,web,deploy}/**/*.test.{ts,tsx}',
      ],
    },
    { ...base, displayName: 'replay', testMatch: ['<rootDir>/test/replay/**/*.test.ts'] },
    {
      ...withServers,
      displayName: 'integration',
      testMatch: ['<rootDir>/test/integration/**/*.test.ts'],
    },
    {
      ...(counted ? base : withServers),
      displayName: 'kubernetes',
      testMatch: ['<rootDir>/test/kubernetes/**/*.test.ts'],
      testPathIgnorePatterns: noCluster === null || counted ? [] : ['.'],
    },
    { ...withServers, displayName: 'fault', testMatch: ['<rootDir>/test/fault/**/*.test.ts'] },
    { ...withServers, displayName: 'e2e', testMatch: ['<rootDir>/test/e2e/**/*.test.ts'] },
    { ...withServers, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.test.ts'] },
  ].map(narrowed),
};
