/**
 * The one Kafka broker of a run, and the partner on Kafka's own client. The process of the run starts both; those of the
 * cases find them by the environment.
 */
import { startPrivate, started, type Broker, type KafkaBroker } from '../../../../tools/brokers/index.mjs';
import { Partner, startPartner } from './partner.js';

const PLACE = 'STREAMBIND_CONFORMANCE_KAFKA';

/** Writing to a topic can be forbidden by an entry of its own; whatever has none is free. */
const CONFIG = [
  'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found=true',
];

export const versions = ['3.9', '4.1'] as const;

/** For a whole run. @returns ends it */
export async function prepare(version: string = versions[0]): Promise<() => Promise<void>> {
  const known = versions.find((each) => each === version);
  if (known === undefined) throw new RangeError(`there is no Kafka ${version} in the rig`);
  const broker = await startPrivate('kafka', { config: CONFIG, version: known });
  try {
    const partner = await startPartner(broker);
    process.env[PLACE] = `${partner.port} ${broker.directory}`;
    return async () => {
      delete process.env[PLACE];
      await partner.end();
      // as its last restart has left it
      await brokerIn(broker.directory).remove();
    };
  } catch (error) {
    await broker.remove();
    throw error;
  }
}

/** A case's own handle of both. */
export async function place(): Promise<{ readonly broker: KafkaBroker; readonly partner: Partner }> {
  const [, port, directory] = /^(\d+) (.*)$/.exec(process.env[PLACE] ?? '') ?? [];
  if (port === undefined || directory === undefined) throw new Error('no Kafka was prepared for this run');
  return { broker: brokerIn(directory), partner: await Partner.at(Number(port)) };
}

const isKafka = (one: Broker): one is KafkaBroker => one.name === 'kafka';

function brokerIn(directory: string): KafkaBroker {
  const broker = started().find((one) => one.directory === directory);
  if (!broker || !isKafka(broker)) throw new Error(`the Kafka in ${directory} is gone`);
  return broker;
}
