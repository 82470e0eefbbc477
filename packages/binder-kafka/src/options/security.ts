/** TLS and login, from the names that Java's clients have for them. No value of a secret is in any error. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { StreambindError, asError } from '@streambind/core/binder';
import type { SaslSettings, TlsSettings } from '../client/port.js';
import type { ReadProperty } from './java-properties.js';
import type { KafkaOptions } from './options.js';
import { withWhere, type MergedProperties, type Origin } from './properties.js';

const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;

export interface Security {
  readonly tls?: TlsSettings;
  readonly sasl?: SaslSettings;
  readonly notices: readonly string[];
}

/** @throws CONFIG_VALUE */
export function securityOf(
  connection: MergedProperties,
  options: Pick<KafkaOptions, 'jaas.loginModule' | 'jaas.options'>,
  origin: Origin,
): Security {
  const protocol = connection.word('security.protocol', PROTOCOLS, 'PLAINTEXT');
  const notices: string[] = [];
  const unused = (what: string, needed: string, ...names: readonly ReadProperty[]): void => {
    const where = names.flatMap((name) => connection.where(name) ?? []);
    if (where.length === 0) return;
    notices.push(`${what}, and security.protocol is ${protocol}: ${needed}.\n  where:   ${where.join(', ')}`);
  };
  const withTls = protocol.endsWith('SSL');
  const withSasl = protocol.startsWith('SASL');
  if (!withSasl) unused('A login is configured', 'nobody logs in', 'sasl.mechanism', 'sasl.jaas.config');
  if (!withTls) {
    unused('TLS is configured', 'it is not used', 'ssl.truststore.location', 'ssl.truststore.certificates');
    unused('TLS is configured', 'it is not used', 'ssl.keystore.location', 'ssl.keystore.certificate.chain');
  }
  return {
    ...(withTls ? { tls: tlsOf(connection) } : {}),
    ...(withSasl ? { sasl: saslOf(connection, options, origin) } : {}),
    notices,
  };
}

const MECHANISMS = {
  PLAIN: { mechanism: 'plain', module: 'PlainLoginModule' },
  'SCRAM-SHA-256': { mechanism: 'scram-sha-256', module: 'ScramLoginModule' },
  'SCRAM-SHA-512': { mechanism: 'scram-sha-512', module: 'ScramLoginModule' },
} as const;

type Mechanism = keyof typeof MECHANISMS;

/** Java's default, which takes Kerberos. */
const GSSAPI = 'GSSAPI';

function saslOf(
  connection: MergedProperties,
  options: Pick<KafkaOptions, 'jaas.loginModule' | 'jaas.options'>,
  origin: Origin,
): SaslSettings {
  const names = Object.keys(MECHANISMS) as Mechanism[];
  const given = connection.word('sasl.mechanism', [...names, GSSAPI], GSSAPI);
  if (given === GSSAPI) {
    const where = connection.where('sasl.mechanism') ?? connection.where('security.protocol');
    throw new StreambindError('CONFIG_VALUE', 'Kerberos is not supported as a login.', {
      ...withWhere(where),
      given: connection.get('sasl.mechanism') ?? `${GSSAPI}, the default of sasl.mechanism`,
      allowed: names.join(', '),
      fix: 'Set sasl.mechanism.',
    });
  }
  const { mechanism, module } = MECHANISMS[given];
  const jaas = jaasOf(connection, options, origin);
  if (jaas.module.split('.').at(-1) !== module) {
    throw new StreambindError('CONFIG_VALUE', `The login module does not serve ${given}.`, {
      where: jaas.where,
      given: jaas.module,
      allowed: module,
    });
  }
  const { username, password } = jaas.options;
  if (username === undefined || password === undefined) {
    throw new StreambindError('CONFIG_VALUE', `A login by ${given} needs a user and a password.`, {
      where: jaas.where,
      given: Object.keys(jaas.options).join(', ') || 'no options',
      allowed: 'username and password',
    });
  }
  return { mechanism, username, password };
}

interface Jaas {
  readonly module: string;
  readonly options: Readonly<Record<string, string>>;
  readonly where: string;
}

const EXAMPLE = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="…" password="…";';

/** `sasl.jaas.config`, which wins, or `jaas` of the binder or of `spring.kafka`. */
function jaasOf(
  connection: MergedProperties,
  options: Pick<KafkaOptions, 'jaas.loginModule' | 'jaas.options'>,
  origin: Origin,
): Jaas {
  const config = connection.get('sasl.jaas.config');
  const module = options['jaas.loginModule'];
  if (config === undefined && module !== undefined) {
    const keys = ['spring.cloud.stream.kafka.binder.jaas.login-module', 'spring.kafka.jaas.login-module'];
    const key = keys.find((each) => origin?.(each) !== undefined) ?? keys[0]!;
    const place = origin?.(key);
    return { module, options: options['jaas.options'] ?? {}, where: place === undefined ? key : `${place} (${key})` };
  }
  if (config === undefined) {
    throw new StreambindError('CONFIG_VALUE', 'Nothing says who logs in.', {
      ...withWhere(connection.where('security.protocol')),
      given: connection.get('security.protocol'),
      fix: `Set sasl.jaas.config in the configuration of the binder: ${EXAMPLE}`,
    });
  }
  const parsed = parseJaas(config);
  if (parsed === undefined) throw connection.refused('sasl.jaas.config', EXAMPLE);
  return { ...parsed, where: connection.where('sasl.jaas.config')! };
}

/** `module flag key="value" …;`; undefined when it is not of that form. */
export function parseJaas(text: string): Pick<Jaas, 'module' | 'options'> | undefined {
  const entry = /^\s*([\w.$]+)\s+(?:required|requisite|sufficient|optional)\b([\s\S]*?);?\s*$/i.exec(text);
  if (!entry) return undefined;
  const options: Record<string, string> = {};
  const rest = entry[2]!.replace(
    /\s+([\w.]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"';]+))/g,
    (_, key: string, double: string | undefined, single: string | undefined, plain: string | undefined) => {
      options[key] = plain ?? (double ?? single ?? '').replace(/\\(.)/g, '$1');
      return '';
    },
  );
  return rest.trim() === '' ? { module: entry[1]!, options } : undefined;
}

function tlsOf(connection: MergedProperties): TlsSettings {
  const passphrase = connection.get('ssl.keystore.password');
  const keyPassword = connection.get('ssl.key.password');
  const store = fileOf('ssl.keystore.location', connection);
  const trust = fileOf('ssl.truststore.location', connection);
  if (trust?.kind === 'pkcs12') {
    throw connection.refused(
      'ssl.truststore.location',
      'a file with PEM certificates',
      'openssl pkcs12 -in <file> -nokeys -out ca.pem makes one from PKCS#12.',
    );
  }
  const ca = connection.get('ssl.truststore.certificates');
  // Node would take it, and then trust nobody
  if (ca !== undefined && !ca.includes('-----BEGIN CERTIFICATE-----')) {
    throw connection.refused('ssl.truststore.certificates', 'certificates as PEM');
  }
  const chain = connection.get('ssl.keystore.certificate.chain');
  const key = connection.get('ssl.keystore.key');
  const inline = chain !== undefined && key !== undefined ? { certificate: pem(chain), key: pem(key) } : undefined;
  const opens = keyPassword ?? passphrase;
  const settings: TlsSettings = {
    ...(inline ??
      (store === undefined
        ? {}
        : store.kind === 'pem'
          ? { certificate: store.text, key: store.text }
          : { pfx: store.bytes })),
    ...(inline === undefined && store?.kind === 'pkcs12'
      ? passphrase === undefined
        ? {}
        : { passphrase }
      : opens === undefined
        ? {}
        : { passphrase: opens }),
    ...(ca === undefined ? (trust === undefined ? {} : { ca: trust.text }) : { ca: pem(ca) }),
    verifyHostname: connection.get('ssl.endpoint.identification.algorithm')?.trim() !== '',
  };
  try {
    // a wrong password would else be told with every try to connect
    createSecureContext({ ...settings, cert: settings.certificate });
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `What is configured for TLS cannot be used: ${asError(error).message}.`,
      {
        ...withWhere(
          (
            [
              'ssl.keystore.location',
              'ssl.keystore.key',
              'ssl.truststore.location',
              'ssl.truststore.certificates',
            ] as const
          )
            .flatMap((name) => connection.where(name) ?? [])
            .join(', '),
        ),
        allowed: 'a key store of PKCS#12 or PEM with its password; trusted certificates as PEM',
      },
      error,
    );
  }
  return settings;
}

type Store =
  | { readonly kind: 'pem'; readonly text: string }
  | { readonly kind: 'pkcs12'; readonly text: string; readonly bytes: Buffer };

const JKS = 'feedfeed';

/** The file itself shows what it is. `file:` as Spring's resources have it; there is no class path here. */
function fileOf(name: 'ssl.keystore.location' | 'ssl.truststore.location', from: MergedProperties): Store | undefined {
  const location = from.get(name);
  if (location === undefined || location.trim() === '') return undefined;
  let bytes: Buffer;
  try {
    bytes = readFileSync(location.trim().replace(/^file:(\/\/)?/, ''));
  } catch (error) {
    throw new StreambindError(
      'CONFIG_VALUE',
      `A file for TLS cannot be read: ${asError(error).message}.`,
      {
        ...withWhere(from.where(name)),
        given: location,
        allowed: 'the path of a file, absolute or from the working directory',
      },
      error,
    );
  }
  if (bytes.subarray(0, 4).toString('hex') === JKS) {
    throw from.refused(
      name,
      name === 'ssl.keystore.location' ? 'a file of PKCS#12 or PEM, not of JKS' : 'a file of PEM, not of JKS',
      name === 'ssl.keystore.location'
        ? 'keytool -importkeystore -srckeystore <file> -destkeystore keys.p12 -deststoretype PKCS12 makes one.'
        : 'keytool -exportcert -rfc -keystore <file> -alias <alias> -file ca.pem makes one.',
    );
  }
  const text = bytes.toString('latin1');
  return text.includes('-----BEGIN ') ? { kind: 'pem', text } : { kind: 'pkcs12', text, bytes };
}

/** PEM that stands on one line, as Java takes it, with the line ends that OpenSSL wants. */
export function pem(text: string): string {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----([\s\S]*?)-----END \1-----/g)];
  if (blocks.length === 0) return text;
  return blocks.map(([block, label, body]) => (body!.includes(':') ? `${block}\n` : pemBlock(label!, body!))).join('');
}

const pemBlock = (label: string, body: string): string =>
  [
    `-----BEGIN ${label}-----`,
    ...(body.replace(/\\n|\s/g, '').match(/.{1,64}/g) ?? []),
    `-----END ${label}-----\n`,
  ].join('\n');
