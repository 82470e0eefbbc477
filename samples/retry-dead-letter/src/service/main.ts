import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class BillingService {}

await runApplication(BillingService, import.meta);
