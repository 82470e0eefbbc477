/** Where the broker is, from `spring.rabbitmq.*`: addresses in the order in which they are tried, and who logs in. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { StreambindError, asError, type BinderContext } from '@streambind/core/binder';
import type { Address, ConnectionTarget } from '../client/address.js';
import type { RabbitConnectionOptions } from './options.js';
import { settingsOf, whereKey } from '../client/settings.js';

const PLAIN_PORT = 5672;
const TLS_PORT = 5671;
const PREFIX = 'spring.rabbitmq';

export interface Destination {
  readonly addresses: readonly Address[];
  readonly target: Omit<ConnectionTarget, 'name'>;
}

interface Parsed {
  readonly tls: boolean | undefined;
  readonly username?: string;
  readonly password?: string;
  readonly host: string;
  readonly port?: number;
  readonly virtualHost?: string;
}

/**
 * Spring Boot: `RabbitProperties`. Of several addresses the first one decides user, virtual host and TLS.
 * @param origin where a key is written down, for errors
 * @throws CONFIG_VALUE for an address that is none, and for a key store or trust store that cannot be read
 */
export function destinationOf(options: RabbitConnectionOptions, origin?: BinderContext['origin']): Destination {
  const written = whereKey(`${PREFIX}.addresses`, origin);
  const parsed = options.addresses.map((text) => parse(text, written));
  const [first] = parsed;
  const tls = (first?.tls ?? options['ssl.enabled'] ?? false) ? tlsOptions(options) : undefined;
  const port = (own: number | undefined): number => own ?? (tls ? TLS_PORT : PLAIN_PORT);
  const address = (host: string, ownPort: number | undefined): Address => ({
    host,
    port: port(ownPort),
    ...(tls ? { tls } : {}),
  });
  const instead = {
    address: first !== undefined,
    login: first?.username !== undefined,
    virtualHost: first?.virtualHost !== undefined,
    tls: first?.tls !== undefined,
  };
  return {
    addresses: first ? parsed.map((each) => address(each.host, each.port)) : [address(options.host, options.port)],
    target: {
      username: first?.username ?? options.username,
      password: first?.password ?? options.password,
      virtualHost: first?.virtualHost ?? options.virtualHost,
      heartbeat: Math.ceil(options.requestedHeartbeat / 1000),
      channelMax: options.requestedChannelMax,
      connectionTimeout: options.connectionTimeout,
      settings: settingsOf(instead, origin),
    },
  };
}

/** `[amqp[s]://][user[:password]@]host[:port][/vhost]`, IPv6 in brackets; a password ends at the last `@`. */
function parse(text: string, where: string): Parsed {
  const [, scheme, user, password, host, port, vhost] =
    /^(?:(amqps?):\/\/)?(?!\w*:\/\/)(?:([^:@/]*)(?::(.*))?@)?(\[[^\]]+\]|[^:/@[\]]+)(?::(\d{1,5}))?(?:\/(.*))?$/.exec(
      text.trim(),
    ) ?? [];
  if (host === undefined || Number(port ?? 1) > 65_535) {
    throw new StreambindError('CONFIG_VALUE', 'An address of RabbitMQ cannot be read.', {
      where,
      given: text.replace(/(^|\/\/).*@/, '$1…@'),
      allowed: '[amqp[s]://][user:password@]host[:port][/vhost]',
    });
  }
  return {
    tls: scheme === undefined ? undefined : scheme === 'amqps',
    host: host.replace(/^\[|\]$/g, ''),
    ...(user === undefined ? {} : { username: decoded(user) }),
    ...(password === undefined ? {} : { password: decoded(password) }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(vhost === undefined ? {} : { virtualHost: vhost === '' ? '/' : decoded(vhost) }),
  };
}

/** A `%` that encodes nothing is a percent sign. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function tlsOptions(options: RabbitConnectionOptions): ConnectionOptions {
  const keyStore = options['ssl.keyStore'];
  const trustStore = options['ssl.trustStore'];
  const passphrase = options['ssl.keyStorePassword'];
  const version = options['ssl.algorithm'];
  const key = keyStore === undefined ? undefined : read(keyStore, `${PREFIX}.ssl.key-store`);
  const given: ConnectionOptions = {
    ...(key === undefined ? {} : options['ssl.keyStoreType'] === 'PEM' ? { key, cert: key } : { pfx: key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(trustStore === undefined ? {} : { ca: read(trustStore, `${PREFIX}.ssl.trust-store`) }),
    ...(version === undefined ? {} : { minVersion: version, maxVersion: version }),
    rejectUnauthorized: options['ssl.validateServerCertificate'],
    ...(options['ssl.verifyHostname'] ? {} : { checkServerIdentity: () => undefined }),
  };
  try {
    // a wrong password, or a file of another kind, would else be told with every try to connect
    createSecureContext(given);
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `The files for TLS cannot be used: ${asError(error).message}.`,
      {
        where: `${PREFIX}.ssl.key-store, ${PREFIX}.ssl.trust-store`,
        given: [keyStore, trustStore].filter((each) => each !== undefined).join(', '),
        allowed: 'a key store as ssl.key-store-type says, with its password; a trust store with PEM certificates',
      },
      error,
    );
  }
  return given;
}

/** `file:` as Spring's resources have it; there is no class path here. */
function read(location: string, where: string): Buffer {
  const path = location.replace(/^file:(\/\/)?/, '');
  try {
    return readFileSync(path);
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `A file for TLS cannot be read: ${asError(error).message}.`,
      { where, given: location, allowed: 'the path of a file, absolute or from the working directory' },
      error,
    );
  }
}
