// The import table of ARCHITECTURE.md as rules, and the habits that a compiler cannot see.
import { builtinModules } from 'node:module';
import tseslint from 'typescript-eslint';
import temporal from 'eslint-plugin-temporal';

const builtins = builtinModules.filter((name) => !name.startsWith('_')).flatMap((name) => [name, `node:${name}`]);
const ABOVE_CORE = [
  'hosts',
  'probes',
  'artefacts',
  'images',
  'certificates',
  'activities',
  'workflows',
  'worker',
  'client',
  'setup',
];

/** Forbids packages by name, and paths by pattern: [patterns, why, types allowed]. */
const forbid = (names, groups) => ({
  '@typescript-eslint/no-restricted-imports': [
    'error',
    {
      paths: names.map((name) => ({ name, message: 'no I/O here' })),
      patterns: groups.map(([group, message, allowTypeImports]) => ({ group, message, allowTypeImports })),
    },
  ],
});
const folders = (...names) => names.map((name) => `**/${name}/**`);

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', '.everbroker/**', 'docs/**'] },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/no-floating-promises': [
        'error',
        { allowForKnownSafeCalls: [{ from: 'package', name: ['test', 'describe'], package: 'node:test' }] },
      ],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        { fixStyle: 'separate-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-deprecated': 'error',
      '@typescript-eslint/only-throw-error': 'off',
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-params': ['error', 4],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  {
    files: ['core/**/*.ts'],
    rules: {
      ...forbid(builtins, [
        [['@temporalio/*', 'dockerode', 'ssh2', 'pino'], 'core is pure', false],
        [folders(...ABOVE_CORE), 'core imports nothing above it', false],
      ]),
      'no-restricted-globals': ['error', 'process', 'fetch', 'setTimeout', 'setInterval'],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: 'core has no clock' },
        { object: 'Math', property: 'random', message: 'core has no chance' },
      ],
    },
  },
  {
    files: ['hosts/**/*.ts', 'probes/**/*.ts', 'artefacts/**/*.ts', 'images/**/*.ts', 'certificates/**/*.ts'],
    rules: forbid(
      [],
      [
        [
          [...folders('activities', 'workflows', 'worker'), '@temporalio/*'],
          'hosts and probes know nothing of workflows',
          false,
        ],
      ],
    ),
  },
  {
    files: ['workflows/**/*.ts'],
    plugins: { temporal },
    rules: {
      ...forbid(builtins, [
        [
          ['@temporalio/client', '@temporalio/worker', '@temporalio/activity', 'dockerode', 'ssh2', 'zod'],
          'not in the sandbox',
          false,
        ],
        [
          folders('activities', 'hosts', 'probes', 'artefacts', 'images', 'certificates', 'worker', 'client'),
          'types only',
          true,
        ],
      ]),
      'no-restricted-globals': ['error', 'process', 'fetch'],
      'temporal/workflow-no-console': 'error',
      'temporal/workflow-no-process-env': 'error',
      'temporal/workflow-no-node-or-dom-imports': 'error',
      'temporal/workflow-no-crypto-random-uuid': 'error',
      'temporal/workflow-no-network-in-workflow': 'error',
      'temporal/workflow-no-async-query-handler': 'error',
      'temporal/workflow-no-continue-as-new-in-update-handler': 'error',
      'temporal/workflow-require-type-only-activity-imports': 'error',
      'temporal/workflow-require-message-definitions-at-module-scope': 'error',
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      // Answers of engines and servers are looked at here, not built upon; a wrong guess fails the test.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/unbound-method': 'off',
      'no-console': 'off',
      // The runner awaits what test() returns itself.
      '@typescript-eslint/no-floating-promises': 'off',
    },
  },
  {
    files: ['setup/**/*.ts'],
    rules: { 'no-console': 'off' },
  },
);
