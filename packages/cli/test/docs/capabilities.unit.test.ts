import { expect, test } from '@jest/globals';
import { capabilitiesPage } from './capabilities.js';
import { page } from './page.js';

test('docs/capabilities.md is what the factories say', async () => {
  const { there, printed } = await page('capabilities.md', capabilitiesPage());
  expect(there).toBe(printed);
});
