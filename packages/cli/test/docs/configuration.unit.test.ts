import { test } from '@jest/globals';
import { configurationPage } from './configuration.js';
import { expectPage } from './page.js';

test('docs/configuration.md is what the schemas say', () => expectPage('configuration.md', configurationPage()));
