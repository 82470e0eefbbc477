/**
 * Every process that consumes listens on a socket of its own. A publisher writes the number of the consumer that shall
 * look, after its commit; that is only a hint. An open connection also tells at once that the other process has died,
 * kill -9 included, because the kernel closes it.
 */
import { createHash } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync, rmdirSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** A socket's path has to fit into 104 bytes on macOS, 108 on Linux. */
const LONGEST_PATH = 100;
const PRIVATE = 'streambind-';

export class Doorbell {
  readonly address: string;
  readonly #server: Server;

  constructor(
    directory: string,
    member: string,
    private readonly onRing: (consumer: number) => void,
  ) {
    const name = `${createHash('sha1').update(member).digest('hex').slice(0, 16)}.sock`;
    const beside = join(directory, name);
    this.address = Buffer.byteLength(beside) < LONGEST_PATH ? beside : join(mkdtempSync(join(tmpdir(), PRIVATE)), name);
    this.#server = createServer((caller) => this.#answer(caller));
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.address, () => {
        chmodSync(this.address, 0o600);
        resolve();
      });
    });
  }

  close(): void {
    this.#server.close();
    removeDoor(this.address);
  }

  #answer(caller: Socket): void {
    let rest = '';
    caller.setEncoding('latin1');
    caller.on('error', () => {});
    caller.on('data', (text) => {
      const lines = (rest + String(text)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of new Set(lines)) this.onRing(Number(line));
    });
  }
}

/** Removes what a socket leaves behind when its process is killed. Never more than an empty folder beside it. */
export function removeDoor(address: string): void {
  rmSync(address, { force: true });
  const directory = dirname(address);
  if (dirname(directory) !== tmpdir() || !basename(directory).startsWith(PRIVATE)) return;
  try {
    rmdirSync(directory);
  } catch {
    // somebody keeps other things there
  }
}

/** Connections to the doors of the other members. */
export class Peers {
  readonly #sockets = new Map<string, Socket>();

  /** @param onGone a connection broke, or could not be made; it is forgotten. */
  constructor(private readonly onGone: (member: string) => void) {}

  /** Connects to those it is not connected to, and forgets the others. */
  keep(doors: ReadonlyMap<string, string>): void {
    for (const [member, socket] of this.#sockets) {
      if (doors.has(member)) continue;
      this.#sockets.delete(member);
      socket.destroy();
    }
    for (const [member, door] of doors) {
      if (!this.#sockets.has(member)) this.#connect(member, door);
    }
  }

  ring(member: string, consumer: number): void {
    const socket = this.#sockets.get(member);
    // who has not read the last ring yet will look anyway
    if (socket && (socket.connecting || socket.writableLength === 0)) socket.write(`${consumer}\n`);
  }

  close(): void {
    this.keep(new Map());
  }

  #connect(member: string, door: string): void {
    const socket = connect(door);
    this.#sockets.set(member, socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#sockets.get(member) !== socket) return;
      this.#sockets.delete(member);
      this.onGone(member);
    });
  }
}

/** Whether the process behind a door is surely gone. A door that is only busy is alive. */
export function isGone(door: string, pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(door, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED') resolve(true);
      else resolve(error.code === 'ENOENT' && !isRunning(pid));
    });
  });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
