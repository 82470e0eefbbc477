import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class Work {}

await runApplication(Work, import.meta);
