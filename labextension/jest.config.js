// The ES modules among the dependencies, which jest must transform.
const esModules = [
  '@codemirror',
  '@jupyter',
  '@jupyterlab',
  '@lezer',
  '@marijn',
  '@microsoft',
  '@noble',
  '@rjsf',
  'exenv-es6',
  'idb',
  'lib0',
  'lodash-es',
  'markdown-to-jsx',
  'marked',
  'nanoid',
  'style-mod',
  'uuid',
  'vscode-ws-jsonrpc',
  'y-protocols',
  'y-websocket',
  'yjs'
].join('|');

module.exports = {
  testEnvironment: 'jsdom',
  // A build machine may stand still for seconds.
  testTimeout: 60_000,
  testEnvironmentOptions: {
    customExportConditions: ['node', 'node-addons'],
    globalsCleanup: 'off'
  },
  setupFiles: ['<rootDir>/tests/setup.js'],
  testMatch: ['<rootDir>/tests/**/*.spec.{ts,tsx}'],
  moduleNameMapper: {
    // `import.meta` is the bundler's; jsdom has no workers anyway.
    '^\\./worker$': '<rootDir>/tests/worker.js',
    '\\.(css|less|sass|scss)$': '<rootDir>/tests/style.js',
    '\\.(svg|svg\\?.*)$': '<rootDir>/tests/svg.js'
  },
  transform: {
    '\\.(js|mjs|ts|tsx)$': [
      'ts-jest',
      {
        diagnostics: false,
        tsconfig: {
          allowJs: true,
          esModuleInterop: true,
          isolatedModules: true,
          jsx: 'react',
          module: 'CommonJS',
          moduleResolution: 'node',
          target: 'ES2022'
        }
      }
    ]
  },
  transformIgnorePatterns: [`/node_modules/(?!(${esModules})/)`]
};
