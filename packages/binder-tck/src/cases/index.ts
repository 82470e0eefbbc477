import type { Case } from '../case.js';
import { configuration } from './configuration.js';
import { deadLetters } from './dead-letters.js';
import { delivery } from './delivery.js';
import { faults } from './faults.js';
import { flow } from './flow.js';
import { groups } from './groups.js';
import { headers } from './headers.js';
import { lifecycle } from './lifecycle.js';
import { order } from './order.js';
import { outages } from './outages.js';
import { retry } from './retry.js';
import { settlement } from './settlement.js';
import { shutdown } from './shutdown.js';

export const cases: readonly Case[] = [
  ...lifecycle,
  ...delivery,
  ...headers,
  ...groups,
  ...order,
  ...settlement,
  ...retry,
  ...deadLetters,
  ...flow,
  ...shutdown,
  ...faults,
  ...outages,
  ...configuration,
];
