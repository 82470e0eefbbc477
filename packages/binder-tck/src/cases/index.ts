import type { Case } from '../case.js';
import { delivery } from './delivery.js';
import { groups } from './groups.js';

export const cases: readonly Case[] = [...delivery, ...groups];
