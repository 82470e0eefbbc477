import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
export class StreamMQMain8801 {}

await runApplication(StreamMQMain8801, import.meta);
