import { Bean, Configuration, IdempotencyStore, Profile, Value } from '@streambind/core';
import { EmbeddedIdempotencyStore } from '@streambind/binder-embedded';
import { RedisIdempotencyStore } from '@streambind/idempotency-redis';

/** Where it is remembered which orders were paid: one of the two. */
@Configuration()
export class Stores {
  @Value('${payments.directory}') private readonly directory!: string;
  @Value('${spring.data.redis.host}') private readonly host!: string;
  @Value('${spring.data.redis.port}') private readonly port!: number;

  @Bean()
  @Profile('!redis')
  paidHere(): IdempotencyStore {
    return new EmbeddedIdempotencyStore({ directory: this.directory });
  }

  @Bean()
  @Profile('redis')
  paidAnywhere(): IdempotencyStore {
    return new RedisIdempotencyStore({ host: this.host, port: this.port });
  }
}
