/** The embedded binder as if it could do less: what the kit's own tests look at. */
import { binderFactory } from '@streambind/binder-embedded';
import type { BinderFactory } from '@streambind/core/binder';
import { subjectOf } from './subject.js';

const factory = binderFactory as BinderFactory;

export const subject = subjectOf({
  ...factory,
  capabilities: { ...factory.capabilities, anonymousGroups: false, replay: false },
});
