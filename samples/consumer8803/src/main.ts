import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
export class StreamMQMain8803 {}

await runApplication(StreamMQMain8803, import.meta);
