/** The network between the processes of a case and the broker: several doors to it, so that one of them can go silent. */
import { proxy, type Proxy } from '../../../../tools/brokers/proxy.mjs';
import { remotePorts, serve } from '@streambind/binder-tck/processes';

const [port = '0', count = '1'] = process.argv.slice(2);
const doors: Proxy[] = [];
for (let door = 0; door < Number(count); door++) doors.push(await proxy({ port: Number(port) }));

const operations = {
  ports: (): number[] => doors.map((door) => door.port),

  down: async (): Promise<void> => void (await Promise.all(doors.map((door) => door.down()))),

  /** What the broker says reaches nobody, and the broker hears everything. */
  deafen(): void {
    for (const door of doors) door.blackHole({ direction: 'toClient' });
  },

  /** The doors of that process, and with them whoever else uses them, hear nothing and are not heard. */
  silence(pid: number): void {
    const used = remotePorts(pid);
    const silenced = doors.filter((door) => used.has(door.port));
    if (silenced.length === 0) throw new Error(`process ${pid} has no connection to the broker`);
    for (const door of silenced) door.blackHole();
  },

  restore: async (): Promise<void> => void (await Promise.all(doors.map((door) => door.restore()))),
};

export type Network = typeof operations;

serve(operations);
