import { expect, test } from '@jest/globals';
import { configurationPage } from './configuration.js';
import { page } from './page.js';

test('docs/configuration.md is what the schemas say', async () => {
  const { there, printed } = await page('configuration.md', configurationPage());
  expect(there).toBe(printed);
});
