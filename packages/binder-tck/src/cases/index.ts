import type { Case } from '../case.js';
import { delivery } from './delivery.js';
import { flow } from './flow.js';
import { groups } from './groups.js';
import { headers } from './headers.js';
import { order } from './order.js';
import { retry } from './retry.js';
import { settlement } from './settlement.js';

export const cases: readonly Case[] = [...delivery, ...headers, ...groups, ...order, ...settlement, ...retry, ...flow];
