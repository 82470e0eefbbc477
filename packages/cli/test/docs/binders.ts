/** The binders of this repository, in the order in which pages tell of them. */
import { binderFactory as embedded } from '@streambind/binder-embedded';
import { binderFactory as kafka } from '@streambind/binder-kafka';
import { binderFactory as rabbit } from '@streambind/binder-rabbit';
import { binderFactory as redis } from '@streambind/binder-redis';
import type { BinderFactory } from '@streambind/core/binder';

export const binders: readonly BinderFactory[] = [embedded, rabbit, kafka, redis] as BinderFactory[];
