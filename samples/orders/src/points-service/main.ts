import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class PointsApplication {}

await runApplication(PointsApplication, import.meta);
