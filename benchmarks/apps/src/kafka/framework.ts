import { framework } from '../sides/framework.js';
import { serve } from '../sides/served.js';
import { bootstrapServers } from './wire.js';

serve(framework('kafka', { 'spring.kafka.bootstrap-servers': bootstrapServers }));
