import { framework } from '../sides/framework.js';
import { serve } from '../sides/served.js';
import { address } from './wire.js';

const PREFETCH = 'spring.cloud.stream.rabbit.bindings.input.consumer.prefetch';

serve(framework('rabbit', { 'spring.rabbitmq.port': address.port }, PREFETCH));
