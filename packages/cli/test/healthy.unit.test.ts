/** Files as real projects have them, without a mistake: not one line is said about them. */
import { describe, expect, test } from '@jest/globals';
import { checkYml } from './files.js';

const yml = (text: string): string => text.replace(/^\n/, '').replace(/^ {4}/gm, '');

const FILES: Readonly<Record<string, string>> = {
  'an order service on RabbitMQ with its own queue settings': yml(`
    server:
      port: \${PORT:8081}
      servlet:
        context-path: /orders
    spring:
      application:
        name: order-service
      datasource:
        url: jdbc:mysql://localhost:3306/orders?useSSL=false
        username: root
        password: \${DB_PASSWORD:secret}
        hikari:
          maximum-pool-size: 10
      jpa:
        hibernate:
          ddl-auto: update
      rabbitmq:
        host: \${RABBIT_HOST:localhost}
        port: 5672
        username: guest
        password: guest
        virtual-host: /
      cloud:
        stream:
          bindings:
            orderOutput:
              destination: orders
              content-type: application/json
              producer:
                required-groups: billing,shipping
            paymentInput:
              destination: payments
              group: order-service
              consumer:
                max-attempts: 5
                back-off-initial-interval: 500
                back-off-max-interval: 5s
          rabbit:
            bindings:
              paymentInput:
                consumer:
                  auto-bind-dlq: true
                  republish-to-dlq: true
                  prefetch: 20
                  queue-binding-arguments: { x-match: all }
    logging:
      level:
        root: INFO
        com.example.orders: DEBUG
    `),
  'Kafka with partitions and client settings': yml(`
    spring:
      cloud:
        stream:
          kafka:
            binder:
              brokers: localhost:9092,localhost:9093
              auto-create-topics: true
              min-partition-count: 3
              configuration:
                security.protocol: SASL_SSL
                sasl.mechanism: PLAIN
              producer-properties:
                key.serializer: org.apache.kafka.common.serialization.StringSerializer
            bindings:
              input:
                consumer:
                  enableDlq: true
                  dlqName: readings-dlq
                  startOffset: earliest
                  configuration:
                    max.poll.records: 100
              output:
                producer:
                  messageKeyExpression: headers['partitionKey']
          bindings:
            input:
              destination: readings
              group: analytics
              consumer:
                concurrency: 3
                partitioned: true
            output:
              destination: alerts
              producer:
                partitionKeyExpression: headers['partitionKey']
                partitionCount: 3
          instanceCount: 2
          instanceIndex: \${INSTANCE_INDEX:0}
    `),
  'two binders, one the default': yml(`
    spring.cloud.stream:
      default-binder: rabbit1
      binders:
        rabbit1:
          type: rabbit
          environment:
            spring:
              rabbitmq: { host: one, username: guest, password: guest }
        kafka1:
          type: kafka
          default-candidate: false
          inherit-environment: false
          environment.spring.cloud.stream.kafka.binder.brokers: localhost:9092
      bindings:
        fromRabbit: { destination: a, group: bridge }
        toKafka: { destination: b, binder: kafka1 }
    `),
  'documents of several profiles': yml(`
    spring:
      profiles:
        active: dev
      cloud:
        stream:
          bindings:
            input:
              destination: studyExchange
              group: \${GROUP:atguiguA}
    ---
    spring:
      config:
        activate:
          on-profile: dev
      rabbitmq.host: localhost
    ---
    spring:
      profiles: prod
      rabbitmq:
        addresses: amqp://a:5672,amqp://b:5672
    ---
    spring.config.activate.on-profile: "!dev & cloud"
    spring.cloud.stream.bindings.input.group: atguiguB
    `),
  'RocketMQ in the names of its older releases': yml(`
    spring:
      cloud:
        stream:
          rocketmq:
            binder:
              name-server: 127.0.0.1:9876
            bindings:
              input1:
                consumer:
                  orderly: true
                  tags: tagA
              output1:
                producer:
                  group: demo-group
                  sync: true
          bindings:
            output1: { destination: test-topic, content-type: application/json }
            input1: { destination: test-topic, content-type: text/plain, group: test-group1 }
            input2: { destination: test-topic, content-type: text/plain, group: test-group2 }
        nacos:
          discovery:
            server-addr: 127.0.0.1:8848
        sentinel.transport.dashboard: localhost:8080
    `),
  'every spelling, and values that are left out': yml(`
    spring.cloud.stream:
      BINDINGS:
        My_Input-1:
          DESTINATION: a.b.c
          group:
          contentType: "application/json"
          Consumer:
            max_attempts: 1
            backOffMultiplier: 1.5
            retryableExceptions:
              java.lang.IllegalStateException: false
        "[dotted.name]":
          destination: x
        nothing:
    eureka.client.serviceUrl.defaultZone: http://localhost:7001/eureka
    management: { endpoints.web.exposure.include: "*", health.binders.enabled: true }
    `),
  'anchors and merged blocks': yml(`
    defaults: &json
      content-type: application/json
      group: reports
    spring:
      cloud:
        stream:
          bindings:
            daily: { <<: *json, destination: daily }
            weekly:
              <<: *json
              destination: weekly
              group: weekly-reports
    `),
  'what applies to all bindings': yml(`
    spring.cloud.stream:
      default:
        content-type: text/plain
        group: everything
        consumer: { max-attempts: 1, on-exhausted: drop }
        producer.send-timeout: 5s
      bindings:
        first.destination: one
        second.destination: two
        third: { destination: three, consumer.ordered: true }
      rabbit.default.consumer: { auto-bind-dlq: true, dlq-ttl: 60000 }
    `),
  'the Windows editor’s line ends, a comment in another script': yml(`
    # 消息驱动之消费者
    server:
      port: 8803 # 端口
    spring:
      cloud:
        stream:
          binders:
            defaultRabbit: { type: rabbit, environment: { spring: { rabbitmq: { host: localhost, port: 5672 } } } }
          bindings:
            input:
              destination: studyExchange # 交换机
              content-type: application/json
              binder: defaultRabbit
              group: 分组A
    `).replaceAll('\n', '\r\n'),
  'settings of our own, and nothing of any broker': yml(`
    spring:
      main.banner-mode: off
      lifecycle.timeout-per-shutdown-phase: 10s
      cloud.stream:
        start-timeout: 1m
        embedded.binder: { lease: 1m, keep: 7d, durable: true }
        bindings:
          in: { destination: jobs, group: workers, consumer: { handler-timeout: 30s, prefetch: 10, start-from: earliest } }
          out: { destination: jobs, producer: { max-in-flight: 200, guarantee: at-most-once } }
    logging.structured.format.console: ecs
    `),
  'a file without any binding': yml(`
    server.port: 7001
    eureka:
      instance.hostname: localhost
      client: { register-with-eureka: false, fetch-registry: false }
    `),
};

describe('a healthy file gives no line', () => {
  test.each(Object.entries(FILES))('%s', async (_, file) => {
    expect(await checkYml(file)).toMatchObject({ code: 0, problems: [] });
  });
});
