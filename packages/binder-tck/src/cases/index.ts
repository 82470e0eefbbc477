import type { Case } from '../case.js';
import { delivery } from './delivery.js';
import { groups } from './groups.js';
import { retry } from './retry.js';
import { settlement } from './settlement.js';

export const cases: readonly Case[] = [...delivery, ...groups, ...settlement, ...retry];
