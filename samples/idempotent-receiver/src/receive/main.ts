import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class Receive {}

await runApplication(Receive, import.meta);
