import { framework } from '../sides/framework.js';
import { serve } from '../sides/served.js';
import { address } from './wire.js';

serve(framework('redis', { 'spring.data.redis.host': address.host, 'spring.data.redis.port': address.port }));
