import { binderFactory } from '@streambind/binder-kafka';
import { minimal } from '../sides/minimal.js';
import { serve } from '../sides/served.js';
import { bootstrapServers } from './wire.js';

serve(minimal(binderFactory, { brokers: [bootstrapServers] }));
