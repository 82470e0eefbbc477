import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class CommonJsMain {}

void runApplication(CommonJsMain, __filename);
