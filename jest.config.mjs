const swc = {
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
  sourceMaps: 'inline',
};

// every project keeps the repository root as rootDir: with a rootDir per package the (precise) babel
// coverage provider ignores files of one package that are exercised by the tests of another
const project = (displayName, ...testMatch) => ({
  displayName,
  rootDir: import.meta.dirname,
  testMatch,
  testEnvironment: 'node',
  // packages are read from src through the "@streambind/source" export condition: no build before tests
  testEnvironmentOptions: { customExportConditions: ['@streambind/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleFileExtensions: ['ts', 'js', 'mjs', 'cjs', 'json', 'node'],
  resolver: '<rootDir>/jest.resolver.cjs',
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
});

/** @type {import('jest').Config} */
export default {
  projects: [
    project('packages', '<rootDir>/packages/*/test/**/*.test.ts'),
    project('samples', '<rootDir>/samples/*/test/**/*.test.ts'),
    project('tools', '<rootDir>/tools/*/test/**/*.test.ts'),
  ],
  collectCoverageFrom: ['packages/*/src/**/*.ts'],
  coverageProvider: 'babel',
  // most tests wait for processes and brokers
  maxWorkers: '100%',
  workerIdleMemoryLimit: '512MB',
};
