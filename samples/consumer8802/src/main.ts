import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
export class StreamMQMain8802 {}

await runApplication(StreamMQMain8802, import.meta);
