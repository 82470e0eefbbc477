/** One row a binder. */
import type { Subject } from '../subject.js';
import { embedded } from './embedded.js';
import { kafka } from './kafka.js';
import { rabbit } from './rabbit.js';
import { redis } from './redis.js';

export const subjects: Readonly<Record<string, Subject>> = { embedded, rabbit, kafka, redis };
