/**
 * Where properties of Java's clients can be written, from the lowest place to the highest, as Spring Cloud Stream merges
 * them: `spring.kafka`, `configuration` of the binder, `consumer-properties` and `producer-properties`, and
 * `configuration` of a binding.
 */
import { kebab } from '@streambind/core/internal';
import { BOOT_OPTIONS, type BootOption } from './connection.js';
import type { Scope } from './java-properties.js';
import type { ClientProperties, KafkaOptions } from './options.js';

export interface Property {
  readonly name: string;
  readonly value: string;
  /** Keys of the configuration at which it can be written; the first that is set is where it is. */
  readonly keys: readonly string[];
}

export interface Layer {
  readonly scope: Scope;
  /** `map`: under the names of Java, by the user; `boot`: an option of Spring Boot's own. */
  readonly kind: 'boot' | 'map';
  /** Whether brokers may be named here. */
  readonly namesBrokers: boolean;
  readonly properties: readonly Property[];
}

const BOOT = 'spring.kafka';
const BINDER = 'spring.cloud.stream.kafka.binder';
const KAFKA = 'spring.cloud.stream.kafka';

/** @param prefixes keys below which the properties can stand */
const mapLayer = (
  scope: Scope,
  properties: ClientProperties | undefined,
  prefixes: readonly string[],
  namesBrokers = false,
): Layer => ({
  scope,
  kind: 'map',
  namesBrokers,
  properties: Object.entries(properties ?? {}).map(([name, value]) => ({
    name,
    value,
    keys: prefixes.map((prefix) => `${prefix}.${name}`),
  })),
});

/** The one option of the binder that is a property of the client under another name. */
const requiredAcks = ({ requiredAcks: value }: KafkaOptions): Layer => ({
  scope: 'producer',
  kind: 'boot',
  namesBrokers: false,
  properties: value === undefined ? [] : [{ name: 'acks', value, keys: [`${BINDER}.required-acks`] }],
});

const textOf = (value: unknown): string => (Array.isArray(value) ? value.join(',') : String(value));

const bootLayer = (scope: Scope, options: KafkaOptions, named: readonly BootOption[]): Layer => ({
  scope,
  kind: 'boot',
  namesBrokers: true,
  properties: named.flatMap(({ name, java }) =>
    options[name] === undefined ? [] : [{ name: java, value: textOf(options[name]), keys: [`${BOOT}.${kebab(name)}`] }],
  ),
});

export function binderLayers(options: KafkaOptions): readonly Layer[] {
  return [
    requiredAcks(options),
    bootLayer('client', options, BOOT_OPTIONS.client),
    mapLayer('client', options.properties, [`${BOOT}.properties`], true),
    bootLayer('consumer', options, BOOT_OPTIONS.consumer),
    mapLayer('consumer', options['consumer.properties'], [`${BOOT}.consumer.properties`], true),
    bootLayer('producer', options, BOOT_OPTIONS.producer),
    mapLayer('producer', options['producer.properties'], [`${BOOT}.producer.properties`], true),
    mapLayer('client', options.configuration, [`${BINDER}.configuration`]),
    mapLayer('consumer', options.consumerProperties, [`${BINDER}.consumer-properties`]),
    mapLayer('producer', options.producerProperties, [`${BINDER}.producer-properties`]),
  ];
}

export const transactionLayer = (options: KafkaOptions): Layer =>
  mapLayer('producer', options['transaction.producer.configuration'], [`${BINDER}.transaction.producer.configuration`]);

export const bindingLayer = (
  side: 'consumer' | 'producer',
  binding: string,
  configuration: ClientProperties | undefined,
): Layer =>
  mapLayer(side, configuration, [
    `${KAFKA}.bindings.${binding}.${side}.configuration`,
    `${KAFKA}.default.${side}.configuration`,
  ]);
