import { binderFactory } from '@streambind/binder-redis';
import { minimal } from '../sides/minimal.js';
import { serve } from '../sides/served.js';
import { address } from './wire.js';

serve(minimal(binderFactory, address));
