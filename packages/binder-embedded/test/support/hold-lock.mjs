/** Preloaded by a test: this process holds the write lock of the file named by HOLD until it dies. */
import { createRequire } from 'node:module';

const { DatabaseSync } = createRequire(import.meta.url)('@photostructure/sqlite');
globalThis.held = new DatabaseSync(process.env.HOLD);
globalThis.held.exec('BEGIN IMMEDIATE');
