/*
 * The walls between the rooms (docs/architecture.md). deploy/gates/walls.test.ts plants a breach of each rule and sees it refused.
 * `path` patterns are relative to the folder that is cruised, so the same rules hold in that test's small tree.
 */
const rooms =
  'contracts|workflows|domain|adapters|activities|launch|api|workers|web|cli|prisma|deploy|test';

/** Modules of a room. */
const room = (...names) => `^(${names.join('|')})/`;
/** Every room of ours but these. */
const otherThan = (...names) => `^(?!(${names.join('|')})/)(${rooms})/`;
const tests = '\\.test\\.tsx?$';
const npm = (...names) => `node_modules/(${names.join('|')})(/|$)`;

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two modules that need each other are one module, or miss a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pages-without-circles',
      comment:
        'Two areas of pages that need each other are one, or miss a third: each is a chunk of its own.',
      severity: 'error',
      scope: 'folder',
      from: { path: '^web/src/pages/' },
      to: { path: '^web/src/pages/', circular: true },
    },
    {
      name: 'web-lib-draws-nothing',
      comment:
        'Rules and words that are tested without a browser know no component, state or page.',
      severity: 'error',
      from: { path: '^web/src/lib/', pathNot: tests },
      // but for addresses, which are words too
      to: { path: '^web/src/(app|components|pages)/', pathNot: '^web/src/app/location\\.ts$' },
    },
    {
      name: 'web-state-and-components-know-no-page',
      comment:
        'Pages are made of them; which page there is at an address says web/src/app.tsx alone.',
      severity: 'error',
      from: { path: '^web/src/(app|components|api)/', pathNot: tests },
      to: { path: '^web/src/pages/' },
    },
    {
      name: 'resolvable',
      comment: 'An import that leads nowhere fails at run time.',
      severity: 'error',
      // programs of test/clients run in a folder of their own, with packages that are installed there
      from: { pathNot: [tests, '^test/clients/programs/'] },
      to: { couldNotResolve: true, pathNot: '(^|/)(dist|generated)/|openapi\\.d\\.ts$' },
    },
    {
      name: 'contracts-stand-alone',
      comment: 'The vocabulary is read by every room, workflows included: it knows none of them.',
      severity: 'error',
      from: { path: room('contracts'), pathNot: tests },
      to: { path: otherThan('contracts') },
    },
    {
      name: 'contracts-do-no-io',
      comment: 'Contracts run inside the workflow sandbox.',
      severity: 'error',
      from: { path: room('contracts'), pathNot: tests },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'workflows-see-contracts-only',
      comment: 'What a workflow imports becomes part of its deterministic bundle.',
      severity: 'error',
      from: { path: room('workflows'), pathNot: tests },
      to: { path: otherThan('workflows', 'contracts') },
    },
    {
      name: 'workflows-use-two-packages',
      comment: 'Anything else may read a clock, a random number or the network.',
      severity: 'error',
      from: { path: room('workflows'), pathNot: tests },
      to: {
        dependencyTypes: ['npm', 'npm-dev', 'npm-peer', 'npm-optional', 'npm-no-pkg', 'core'],
        pathNot: npm('@temporalio/workflow', '@temporalio/common'),
      },
    },
    {
      name: 'domain-knows-neither-http-nor-temporal',
      comment: 'A use-case is called from the API, from activities and from tests alike.',
      severity: 'error',
      from: { path: room('domain'), pathNot: tests },
      to: { path: npm('@temporalio/[^/]+', 'hono', '@hono/[^/]+', 'nodemailer') },
    },
    {
      name: 'domain-sees-contracts-and-prisma',
      comment: 'An adapter that a use-case needs comes in as an argument.',
      severity: 'error',
      from: { path: room('domain'), pathNot: tests },
      to: { path: otherThan('domain', 'contracts', 'prisma') },
    },
    {
      name: 'adapters-see-contracts-only',
      comment: 'An adapter wraps one thing outside; it decides nothing.',
      severity: 'error',
      from: { path: room('adapters'), pathNot: tests },
      to: { path: otherThan('adapters', 'contracts') },
    },
    {
      name: 'activities-see-domain-and-adapters',
      severity: 'error',
      from: { path: room('activities'), pathNot: tests },
      to: { path: otherThan('activities', 'contracts', 'domain', 'adapters', 'prisma') },
    },
    {
      name: 'launch-sees-contracts-and-workflow-types',
      comment: 'Starting a workflow must not pull its code into the API process.',
      severity: 'error',
      from: { path: room('launch'), pathNot: tests },
      to: { path: otherThan('launch', 'contracts', 'workflows') },
    },
    {
      name: 'launch-and-api-see-workflows-as-types',
      severity: 'error',
      from: { path: room('launch', 'api'), pathNot: tests },
      to: { path: room('workflows'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-launch-starts-workflows',
      comment: 'The Temporal client is used in launch/ and made in adapters/temporal.',
      severity: 'error',
      from: { path: room('domain', 'api', 'activities', 'web', 'cli'), pathNot: tests },
      to: { path: npm('@temporalio/client'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'api-sees-domain-and-launch',
      comment: 'Adapters reach a route through the services bag, which api/main.ts fills.',
      severity: 'error',
      from: { path: room('api'), pathNot: `${tests}|^api/main\\.ts$` },
      to: {
        path: otherThan('api', 'domain', 'launch', 'contracts', 'prisma', 'workflows', 'adapters'),
      },
    },
    {
      name: 'adapters-reach-the-api-through-main',
      comment:
        'A type of an adapter may be named in the services bag; the thing itself comes from main.',
      severity: 'error',
      from: { path: room('api'), pathNot: `${tests}|^api/main\\.ts$` },
      to: { path: room('adapters'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workers-do-not-serve',
      severity: 'error',
      from: { path: room('workers'), pathNot: tests },
      to: { path: room('api', 'web', 'cli') },
    },
    {
      name: 'web-and-cli-talk-http',
      comment: 'They know the generated API types and the vocabulary, nothing else of the server.',
      severity: 'error',
      from: { path: room('web', 'cli'), pathNot: tests },
      to: {
        path: otherThan('web', 'cli', 'contracts'),
        pathNot: '^api/openapi\\.d\\.ts$',
      },
    },
    {
      name: 'web-sees-contracts-as-types',
      comment: 'Server vocabulary in the browser bundle costs every visitor its bytes.',
      severity: 'error',
      from: { path: room('web'), pathNot: tests },
      to: { path: room('contracts'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'prisma-lives-in-domain',
      comment:
        'Only use-cases talk to tables. The two mains hold the client that they pass on, as a type.',
      severity: 'error',
      from: { path: otherThan('domain', 'prisma', 'test'), pathNot: tests },
      to: { path: room('prisma'), dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'prisma-packages-live-in-domain',
      severity: 'error',
      from: { path: otherThan('domain', 'prisma', 'test'), pathNot: tests },
      to: { path: npm('@prisma/[^/]+') },
    },
    {
      name: 'nothing-imports-tests',
      comment: 'What production needs does not live in test/.',
      severity: 'error',
      // what jest is told belongs to the tests
      from: { pathNot: `^test/|^jest\\.config\\.mjs$|${tests}` },
      to: { path: `^test/|${tests}` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Prisma's generated client has cycles of its own; deploy/sample is another project.
    // Anchored: packages keep their code in dist/, and an import of them must be seen.
    exclude: { path: '^(web/)?(dist|coverage)/|^prisma/generated/internal/|^deploy/sample/' },
    // Type-only imports count: a wall is about what a reader must know, not only about what runs.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.mjs', '.cjs', '.js', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
