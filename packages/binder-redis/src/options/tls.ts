/** TLS from files of PEM, which are read and tried once, so that a wrong one is not told with every try to connect. */
import { readFileSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions } from 'node:tls';
import { StreambindError, asError } from '@streambind/core/binder';
import type { RedisConnectionOptions } from './connection.js';

/**
 * @param at a key with the place where it is written down
 * @throws CONFIG_VALUE
 */
export function tlsOptions(options: RedisConnectionOptions, at: (name: string) => string): ConnectionOptions {
  const keyStore = options['ssl.keyStore'];
  const trustStore = options['ssl.trustStore'];
  const passphrase = options['ssl.keyStorePassword'];
  const key = keyStore === undefined ? undefined : read(keyStore, at('ssl.keyStore'));
  const given: ConnectionOptions = {
    ...(key === undefined ? {} : { key, cert: key }),
    ...(passphrase === undefined ? {} : { passphrase }),
    ...(trustStore === undefined ? {} : { ca: read(trustStore, at('ssl.trustStore')) }),
    ...((options['ssl.verifyHostname'] ?? true) ? {} : { checkServerIdentity: () => undefined }),
  };
  try {
    createSecureContext(given);
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `The files for TLS cannot be used: ${asError(error).message}.`,
      {
        where: `${at('ssl.keyStore')}, ${at('ssl.trustStore')}`,
        given: [keyStore, trustStore].filter((each) => each !== undefined).join(', '),
        allowed: 'PEM: a key store with a certificate and its key, and its password; a trust store with certificates',
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
