/** A virtual host of a case, as the node itself has it at this moment. */
import { until } from '../../../../tools/brokers/index.mjs';
import type { Agent } from './node.js';

export interface Queue {
  readonly name: string;
  readonly ready: number;
  readonly unacknowledged: number;
  /** Channels that consume from it: one for each consumer binding, whatever its concurrency is. */
  readonly consumers: number;
}

const ACTOR = '<<"conformance">>';

export class Host {
  readonly #agent: Agent;
  readonly #name: string;
  readonly #user: string;

  /** A new one, in which that user may do everything. */
  static async make(agent: Agent, name: string, user: string): Promise<Host> {
    const host = new Host(agent, name, user);
    await agent.ask(`ok = rabbit_vhost:add(${host.#name}, ${ACTOR})`);
    await host.allowWriting('.*');
    return host;
  }

  private constructor(agent: Agent, name: string, user: string) {
    this.#agent = agent;
    this.#name = `<<"${name}">>`;
    this.#user = `<<"${user}">>`;
  }

  /** @param pattern of the names of exchanges and queues */
  async allowWriting(pattern: string): Promise<void> {
    await this.#agent.ask(
      `ok = rabbit_auth_backend_internal:set_permissions(${this.#user}, ${this.#name}, <<".*">>, <<"${pattern}">>, <<".*">>, ${ACTOR})`,
    );
  }

  async queues(): Promise<Queue[]> {
    const rows = await this.#agent.ask<[string, number, number, number][]>(
      `[[element(4, amqqueue:get_name(Q)), proplists:get_value(messages_ready, I),
         proplists:get_value(messages_unacknowledged, I), length(lists:usort([element(1, C) || C <- Cs]))]
        || Q <- rabbit_amqqueue:list(${this.#name}),
           {I, Cs} <- try [{rabbit_amqqueue:info(Q, [messages_ready, messages_unacknowledged]),
                            rabbit_amqqueue:consumers(Q)}]
                      catch _:_ -> [] end]`,
    );
    return rows.map(([name, ready, unacknowledged, consumers]) => ({ name, ready, unacknowledged, consumers }));
  }

  exchangeType(name: string): Promise<string> {
    return this.#agent.ask(
      `{ok, X} = rabbit_exchange:lookup(rabbit_misc:r(${this.#name}, exchange, <<"${name}">>)), element(3, X)`,
    );
  }

  async delete(): Promise<void> {
    await this.#agent.ask(`ok = rabbit_vhost:delete(${this.#name}, ${ACTOR})`);
  }
}

/** The share of the memory that RabbitMQ takes before it stops publishers, if nobody says another. */
const USUAL = 0.4;
const NOTHING = 0.000001;

/** Whether publishers are stopped. Resolves when all connections have heard of it. */
export async function memoryAlarm(agent: Agent, on: boolean): Promise<void> {
  await agent.ask(`vm_memory_monitor:set_vm_memory_high_watermark(${on ? NOTHING : USUAL}), ok`);
  const others = `length([I || I <- rabbit_networking:connection_info_all([state]),
    lists:prefix("${on ? 'running' : 'block'}", atom_to_list(proplists:get_value(state, I)))])`;
  await until(async () => (await agent.ask<number>(others)) === 0, 5000, 'the connections to hear of the alarm');
}
