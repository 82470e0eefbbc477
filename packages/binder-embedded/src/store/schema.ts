/** The tables of a store; docs/tables.md describes them. */
import { join } from 'node:path';
import type { Database } from './database.js';
import { openFile, type Layout } from './file.js';
import type { Gate } from './gate.js';

const TABLES = `
CREATE TABLE meta(key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES('membership', 0);
CREATE TABLE destination(id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, partitions INTEGER NOT NULL);
CREATE TABLE message(id INTEGER PRIMARY KEY,
  destination INTEGER REFERENCES destination(id) ON DELETE SET NULL, partition INTEGER NOT NULL,
  at INTEGER NOT NULL, key, headers TEXT NOT NULL, payload BLOB);
CREATE INDEX message_log ON message(destination, partition, id);
CREATE TABLE subscription(id INTEGER PRIMARY KEY AUTOINCREMENT,
  destination INTEGER NOT NULL REFERENCES destination(id) ON DELETE CASCADE, name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('durable', 'anonymous', 'parking')), UNIQUE(destination, name));
CREATE TABLE cursor(subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  partition INTEGER NOT NULL, position INTEGER NOT NULL, owner INTEGER,
  PRIMARY KEY(subscription, partition)) WITHOUT ROWID;
CREATE TABLE member(id TEXT PRIMARY KEY, pid INTEGER NOT NULL, host TEXT NOT NULL, door TEXT NOT NULL,
  seen INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE consumer(id INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  member TEXT NOT NULL REFERENCES member(id), ordered INTEGER NOT NULL, partitions TEXT,
  taken INTEGER NOT NULL);
CREATE INDEX consumer_subscription ON consumer(subscription);
CREATE INDEX consumer_member ON consumer(member);
CREATE TABLE claim(subscription INTEGER NOT NULL REFERENCES subscription(id) ON DELETE CASCADE,
  message INTEGER NOT NULL, partition INTEGER NOT NULL, owner INTEGER, due INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0, crashes INTEGER NOT NULL DEFAULT 0, first_failure INTEGER, last_failure INTEGER,
  PRIMARY KEY(subscription, message)) WITHOUT ROWID;
CREATE INDEX claim_waiting ON claim(subscription, due, message) WHERE owner IS NULL;
`;

const BROKER: Layout = {
  file: 'broker.db',
  // "stbd"
  application: 0x73746264,
  version: 1,
  tables: TABLES,
  probe: "UPDATE meta SET value = value WHERE key = 'membership'",
};

export const databaseFile = (directory: string): string => join(directory, BROKER.file);

/**
 * Opens the store of a directory, creates what is missing.
 * @throws StoreFailure as `openFile`
 */
export const openStore = (directory: string, gate?: Gate): Database => openFile(directory, BROKER, gate);
