/** Load whose every step is written down: what was sent, confirmed, begun and handled. */
import { BootApplication, runApplication } from '@streambind/core';

@BootApplication()
class Traffic {}

await runApplication(Traffic, import.meta);
