/** The opening of an AMQP 0-9-1 connection and nothing more: whether a broker answers, and lets this user into this vhost. */
import { connect } from 'node:net';

const CLOSE = 50;

/**
 * Opens a connection and closes it in order.
 * @param {{ host: string, port: number, username: string, password: string, virtualHost: string }} address
 * @param {number} [ms] total limit in milliseconds
 * @returns {Promise<string>} the broker's product and version
 * @throws {Error} with the broker's own words when it refuses, else what went wrong with the socket
 */
export async function handshake({ host, port, username, password, virtualHost }, ms = 2000) {
  const socket = connect({ host, port });
  const timer = setTimeout(() => socket.destroy(new Error(`no AMQP answer in ${ms} ms`)), ms);
  try {
    const methods = read(socket);
    socket.write('AMQP\0\0\x09\x01', 'latin1');
    const greeting = await next(methods, 10);
    const login = Buffer.concat([properties, short('PLAIN'), long(`\0${username}\0${password}`), short('en_US')]);
    send(socket, 11, login);
    const tune = await next(methods, 30);
    send(socket, 31, Buffer.concat([tune.subarray(0, 6), Buffer.alloc(2)]));
    send(socket, 40, Buffer.concat([short(virtualHost), short(''), Buffer.alloc(1)]));
    await next(methods, 41);
    send(socket, CLOSE, Buffer.concat([Buffer.from([0, 200]), short(''), Buffer.alloc(4)]));
    await next(methods, 51);
    return `${property(greeting, 'product') ?? 'AMQP broker'} ${property(greeting, 'version') ?? ''}`.trim();
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

/** The methods of class connection, one after the other: `[method, arguments]`. */
async function* read(socket) {
  let rest = Buffer.alloc(0);
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk]);
    if (rest.subarray(0, 4).equals(Buffer.from('AMQP'))) throw new Error('the broker speaks another version of AMQP');
    if (rest.length > 0 && rest[0] !== 1 && rest[0] !== 8) throw new Error('what listens there does not speak AMQP');
    while (rest.length >= 7 && rest.length >= rest.readUInt32BE(3) + 8) {
      const size = rest.readUInt32BE(3);
      const [type, body] = [rest[0], rest.subarray(7, 7 + size)];
      rest = rest.subarray(size + 8);
      if (type === 1) yield [body.readUInt16BE(2), body.subarray(4)];
    }
  }
  throw new Error('the connection was closed during the AMQP handshake');
}

async function next(methods, wanted) {
  const { value } = await methods.next();
  const [method, body] = value;
  if (method === CLOSE) throw new Error(body.toString('utf8', 3, 3 + body[2]));
  if (method !== wanted) throw new Error(`AMQP method 10.${method} where 10.${wanted} is expected`);
  return body;
}

function send(socket, method, body) {
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 10, 0, method]);
  head.writeUInt32BE(4 + body.length, 3);
  socket.write(Buffer.concat([head, body, Buffer.from([0xce])]));
}

const short = (text) => Buffer.concat([Buffer.from([Buffer.byteLength(text)]), Buffer.from(text)]);
const long = (text) => {
  const bytes = Buffer.from(text);
  const size = Buffer.alloc(4);
  size.writeUInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
};

// with this capability a refused login is told by a method; without it the broker only cuts the connection
const capability = Buffer.concat([short('authentication_failure_close'), Buffer.from('t\x01', 'latin1')]);
const properties = long(Buffer.concat([short('capabilities'), Buffer.from('F'), long(capability)]));

/** A string of the broker's properties, found by its encoded name. */
function property(greeting, name) {
  const key = Buffer.concat([short(name), Buffer.from('S')]);
  const at = greeting.indexOf(key);
  if (at < 0) return undefined;
  const start = at + key.length + 4;
  return greeting.toString('utf8', start, start + greeting.readUInt32BE(start - 4));
}
