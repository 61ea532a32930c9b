// What the linter cannot see: indirect imports and cycles. See the import table in ARCHITECTURE.md.
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^core/' },
      to: { pathNot: ['^core/', 'node_modules/(zod|yaml|@noble|@xmldom)'] },
    },
    {
      name: 'workflows-reach-no-io',
      severity: 'error',
      from: { path: '^workflows/' },
      to: {
        path: '^(activities|hosts|probes|artefacts|images|certificates|worker|client)/|node_modules/(dockerode|ssh2|zod)',
        reachable: true,
      },
    },
    {
      name: 'clients-of-code-load-no-worker',
      comment: 'everbroker/client must not load the worker’s native core or the engine’s client into a service.',
      severity: 'error',
      from: { path: '^client/index' },
      to: { path: 'node_modules/(@temporalio/worker|dockerode|ssh2)', reachable: true },
    },
  ],
  options: {
    tsPreCompilationDeps: false,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|test)/' },
  },
};
