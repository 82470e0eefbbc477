/** The network between the processes of a case and the broker: several doors to it, so that one of them can go silent. */
import { remotePorts, serve } from '@streambind/binder-tck/processes';
import { kafkaDoor, type KafkaDoor } from '../../../../tools/brokers/kafka/door.mjs';

const [port = '0', count = '1'] = process.argv.slice(2);
const doors: KafkaDoor[] = [];
for (let door = 0; door < Number(count); door++) doors.push(await kafkaDoor({ port: Number(port) }));

const operations = {
  ports: (): number[] => doors.map(({ link }) => link.port),

  down: async (): Promise<void> => void (await Promise.all(doors.map(({ link }) => link.down()))),

  /** What the broker says reaches nobody, and the broker hears everything. */
  deafen(): void {
    for (const { link } of doors) link.blackHole({ direction: 'toClient' });
  },

  /** The doors of that process, and with them whoever else uses them, hear nothing and are not heard. */
  silence(pid: number): void {
    const used = remotePorts(pid);
    const silenced = doors.filter(({ link }) => used.has(link.port));
    if (silenced.length === 0) throw new Error(`process ${pid} has no connection to the broker`);
    for (const { link } of silenced) link.blackHole();
  },

  restore: async (): Promise<void> => void (await Promise.all(doors.map(({ link }) => link.restore()))),

  /** No record comes through. */
  hold(): void {
    for (const door of doors) door.hold();
  },

  release(): void {
    for (const door of doors) door.release();
  },
};

export type Network = typeof operations;

serve(operations);
