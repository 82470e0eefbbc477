import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class PushApplication {}

await runApplication(PushApplication, import.meta);
