import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import tseslint from 'typescript-eslint';

/*
 * Rules that catch bugs are errors; rules that argue about taste are off. A rule is loosened only with its reason beside it.
 */
const root = dirname(fileURLToPath(import.meta.url));

/** What a source file of ours may not do, whatever language it is in. */
const everywhere = {
  'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
  'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
  'no-restricted-syntax': [
    'error',
    {
      selector: 'ExportDefaultDeclaration',
      message: 'Export by name, so that a thing has one name everywhere.',
    },
  ],
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-eval': 'error',
  'no-template-curly-in-string': 'off', // `${{ secrets.NAME }}` is our own notation
  'no-unused-expressions': 'off', // the typed twin below
  'prefer-const': 'error',
  'no-var': 'error',
  'object-shorthand': ['error', 'properties'],
};

const typed = {
  '@typescript-eslint/no-floating-promises': 'error', // a forgotten await of an activity loses it
  '@typescript-eslint/no-misused-promises': 'error', // also catches an async update validator, which cannot refuse
  '@typescript-eslint/switch-exhaustiveness-check': [
    'error',
    { considerDefaultExhaustiveForUnions: true },
  ],
  '@typescript-eslint/consistent-type-imports': 'error',
  '@typescript-eslint/no-unused-vars': [
    'error',
    { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
  ],
  '@typescript-eslint/no-invalid-void-type': ['error', { allowInGenericTypeArguments: true }], // defineUpdate<void>
  '@typescript-eslint/restrict-template-expressions': [
    'error',
    { allowNumber: true, allowBoolean: true },
  ],
  '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }], // a kept failure thrown again
  // taste, or noise that hides the findings that matter
  '@typescript-eslint/no-unnecessary-condition': 'off',
  '@typescript-eslint/no-confusing-void-expression': 'off',
  '@typescript-eslint/no-non-null-assertion': 'error',
  '@typescript-eslint/no-unnecessary-type-parameters': 'off',
  '@typescript-eslint/no-unnecessary-type-arguments': 'off',
  '@typescript-eslint/no-unnecessary-type-conversion': 'off',
  '@typescript-eslint/no-unnecessary-boolean-literal-compare': 'off',
  '@typescript-eslint/no-unnecessary-template-expression': 'off',
  '@typescript-eslint/no-extraneous-class': 'off',
  '@typescript-eslint/no-dynamic-delete': 'off',
  '@typescript-eslint/require-await': 'off', // interfaces ask for promises of implementations that need none
  '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
  '@typescript-eslint/use-unknown-in-catch-callback-variable': 'off',
  '@typescript-eslint/prefer-promise-reject-errors': 'off',
  '@typescript-eslint/unified-signatures': 'off',
  '@typescript-eslint/unbound-method': 'off', // our services are closures without `this`, and are taken apart on purpose
  '@typescript-eslint/no-unsafe-enum-assignment': 'off', // protobuf's numbers, which have no enum on our side
  '@typescript-eslint/no-misused-spread': 'off', // [...text] is how one walks a text by characters
  '@typescript-eslint/related-getter-setter-pairs': 'off',
};

/** In a test a literal tells more than a helper, and a description may be as long as its cases. */
const inTests = {
  'max-lines-per-function': 'off',
  '@typescript-eslint/no-unsafe-assignment': 'off',
  '@typescript-eslint/no-unsafe-member-access': 'off',
  '@typescript-eslint/no-unsafe-argument': 'off',
  '@typescript-eslint/no-unsafe-call': 'off',
  '@typescript-eslint/no-unsafe-return': 'off',
  '@typescript-eslint/no-non-null-assertion': 'off',
};

const noPlainSpawn = {
  paths: [
    {
      name: 'node:child_process',
      importNames: ['exec', 'execSync'],
      message: 'A shell reads what it is given. Use execFile or spawn with an argument list.',
    },
  ],
};

export default tseslint.config(
  {
    ignores: [
      'dist/**',
      '**/dist/**',
      '.slipway/**',
      'prisma/generated/**',
      'api/openapi.d.ts',
      'coverage/**',
      'deploy/sample/**', // a project of its own, with its own linter
      'test/fixtures/**',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{ts,tsx}'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: {
        project: ['tsconfig.json', 'web/tsconfig.test.json', 'deploy/tsconfig.json'],
        tsconfigRootDir: root,
      },
    },
    rules: {
      ...everywhere,
      ...typed,
      'no-console': 'error',
      'no-restricted-imports': ['error', noPlainSpawn],
    },
  },
  {
    files: ['**/*.{mjs,cjs}'],
    rules: { ...everywhere, 'no-restricted-imports': ['error', noPlainSpawn] },
  },
  // a tool that loads these wants a default export, and a table of settings may be long
  {
    files: ['**/*.config.{mjs,ts}', 'test/support/global-{setup,teardown}.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['domain/**/*.ts'],
    ignores: ['domain/shared/text-match.ts', 'domain/**/*.test.ts'],
    rules: {
      'no-restricted-syntax': [
        ...everywhere['no-restricted-syntax'],
        {
          selector: 'Property[key.name=/^(contains|startsWith|endsWith)$/]',
          message: 'Prisma leaves % and _ in it as patterns: use domain/shared/text-match.ts.',
        },
        {
          selector: 'TemplateElement[value.raw=/\\bI?LIKE\\b/]',
          message:
            'A pattern of LIKE is made in domain/shared/text-match.ts, where % and _ are escaped.',
        },
      ],
    },
  },
  // loops over columns of numbers, whose indices their own bounds hold; and children of a tree that its grammar promises
  {
    files: ['domain/telemetry/{promql,logql}/**/*.ts', 'test/promql/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  { files: ['cli/**/*.ts', 'test/bench/**/*.ts'], rules: { 'no-console': 'off' } },
  {
    files: ['**/*.tsx'],
    rules: {
      'max-lines-per-function': 'off', // markup is long, and splitting it does not make it clearer
      '@typescript-eslint/no-unnecessary-type-assertion': 'off', // its fix removes what JSX attributes need
    },
  },
  { files: ['**/*.test.{ts,tsx}', 'test/**/*.ts'], rules: inTests },
);
