import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupListing;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * The opposite side of the conformance kit on Kafka's own client. Started with the address of a broker, it prints the
 * port on which it answers questions: a JSON object a line, {"name": …, "args": {…}} answered by {"value": …} or
 * {"error": …}, several connections at once, each in order. Bytes are Base64. It ends when its standard input does.
 */
public class Partner {
  static final ObjectMapper JSON = new ObjectMapper();
  static final long WAIT_MS = 20_000;
  static final String TYPES = "spring_json_header_types";

  interface Operation {
    Object answer(JsonNode args) throws Exception;
  }

  static String broker;
  static Admin admin;
  static KafkaProducer<byte[], byte[]> producer;
  static final AtomicInteger names = new AtomicInteger();
  /** By topic, where the next record goes that names no partition. */
  static final Map<String, AtomicInteger> turns = new ConcurrentHashMap<>();
  static final Map<String, Member> members = new ConcurrentHashMap<>();
  static final Map<String, Operation> operations = new HashMap<>();

  public static void main(String[] args) throws Exception {
    broker = args[0];
    admin = Admin.create(Map.of("bootstrap.servers", broker));
    producer = new KafkaProducer<>(
        Map.of("bootstrap.servers", broker, "acks", "all", "linger.ms", 0, "metadata.max.age.ms", 5000),
        new ByteArraySerializer(), new ByteArraySerializer());
    operations.put("publish", Partner::publish);
    operations.put("ends", of -> offsets(of.get("topic").asText(), OffsetSpec.latest()));
    operations.put("read", Partner::read);
    operations.put("topics", of -> admin.listTopics().names().get());
    operations.put("partitions", of -> partitions(of.get("topic").asText()));
    operations.put("createTopic", Partner::createTopic);
    operations.put("deleteTopics", Partner::deleteTopics);
    operations.put("denyWriting", of -> done(admin.createAcls(acls(of.get("topic").asText())).all()));
    operations.put("allowWriting", of -> done(admin.deleteAcls(
        acls(of.get("topic").asText()).stream().map(AclBinding::toFilter).toList()).all()));
    operations.put("groups", of -> groups());
    operations.put("group", of -> group(of.get("group").asText()));
    operations.put("backlog", of -> backlog(of.get("topic").asText(), of.get("group").asText()));
    operations.put("join", Partner::join);
    operations.put("member", of -> members.get(of.get("member").asText()).state());
    operations.put("leave", of -> members.remove(of.get("member").asText()).leave());
    try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
      System.out.println(server.getLocalPort());
      Thread ending = new Thread(Partner::endWithInput);
      ending.setDaemon(true);
      ending.start();
      while (true) {
        Socket socket = server.accept();
        Thread thread = new Thread(() -> serve(socket));
        thread.setDaemon(true);
        thread.start();
      }
    }
  }

  static void endWithInput() {
    try {
      while (System.in.read() >= 0) {
        // whatever it says
      }
    } catch (IOException gone) {
      // it ends as well
    }
    System.exit(0);
  }

  static void serve(Socket socket) {
    try (socket;
        BufferedReader in = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(socket.getOutputStream(), true, StandardCharsets.UTF_8)) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        JsonNode question = JSON.readTree(line);
        ObjectNode answer = JSON.createObjectNode();
        try {
          Operation operation = operations.get(question.get("name").asText());
          answer.set("value", JSON.valueToTree(operation.answer(question.get("args"))));
        } catch (Throwable error) {
          Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
          answer.put("error", cause.toString());
        }
        out.println(JSON.writeValueAsString(answer));
      }
    } catch (IOException gone) {
      // who asked has ended
    }
  }

  static Object done(KafkaFuture<?> future) throws Exception {
    future.get();
    return true;
  }

  static byte[] bytes(JsonNode text) {
    return text == null || text.isNull() ? null : Base64.getDecoder().decode(text.asText());
  }

  // records

  /** Those that name no partition take turns at all of them. */
  static Object publish(JsonNode of) throws Exception {
    String topic = of.get("topic").asText();
    List<Integer> all = null;
    List<Future<RecordMetadata>> sent = new ArrayList<>();
    for (JsonNode each : of.get("records")) {
      byte[] key = bytes(each.get("key"));
      Integer partition = each.hasNonNull("partition") ? (Integer) each.get("partition").asInt() : null;
      if (partition == null && key == null) {
        if (all == null) {
          all = partitions(topic);
          if (all.isEmpty()) all = create(topic, 1, Map.of());
        }
        partition = all.get(turns.computeIfAbsent(topic, any -> new AtomicInteger()).getAndIncrement() % all.size());
      }
      Long timestamp = each.hasNonNull("timestamp") ? (Long) each.get("timestamp").asLong() : null;
      List<Header> headers = new ArrayList<>();
      if (each.has("headers")) {
        for (JsonNode header : each.get("headers")) {
          headers.add(new RecordHeader(header.get(0).asText(), bytes(header.get(1))));
        }
      }
      sent.add(producer.send(new ProducerRecord<>(topic, partition, timestamp, key, bytes(each.get("value")), headers)));
    }
    List<Object> places = new ArrayList<>();
    for (Future<RecordMetadata> each : sent) {
      RecordMetadata place = each.get();
      places.add(Map.of("partition", place.partition(), "offset", place.offset()));
    }
    return places;
  }

  /** What is committed and stored now, from the offsets that are given, else from the beginning. */
  static Object read(JsonNode of) throws Exception {
    String topic = of.get("topic").asText();
    JsonNode from = of.has("from") ? of.get("from") : JSON.createObjectNode();
    List<Object> records = new ArrayList<>();
    List<TopicPartition> all =
        partitions(topic).stream().map(partition -> new TopicPartition(topic, partition)).toList();
    if (all.isEmpty()) return records;
    try (KafkaConsumer<byte[], byte[]> consumer = consumer(Map.of("isolation.level", "read_committed"))) {
      Map<TopicPartition, Long> ends = consumer.endOffsets(all);
      Map<TopicPartition, Long> begins = consumer.beginningOffsets(all);
      consumer.assign(all);
      for (TopicPartition each : all) {
        JsonNode wanted = from.get(String.valueOf(each.partition()));
        consumer.seek(each, wanted == null ? begins.get(each) : Math.max(wanted.asLong(), begins.get(each)));
      }
      long limit = System.currentTimeMillis() + WAIT_MS;
      while (!all.stream().allMatch(each -> consumer.position(each) >= ends.get(each))) {
        if (System.currentTimeMillis() > limit) throw new IllegalStateException("not all of " + topic + " came");
        consumer.poll(Duration.ofMillis(200)).forEach(record -> {
          if (record.offset() < ends.get(new TopicPartition(topic, record.partition()))) records.add(told(record));
        });
      }
    }
    return records;
  }

  static KafkaConsumer<byte[], byte[]> consumer(Map<String, Object> more) {
    Map<String, Object> settings = new HashMap<>(more);
    settings.put("bootstrap.servers", broker);
    settings.putIfAbsent("enable.auto.commit", false);
    return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
  }

  static ObjectNode told(ConsumerRecord<byte[], byte[]> record) {
    ObjectNode told = JSON.createObjectNode();
    told.put("partition", record.partition()).put("offset", record.offset());
    told.put("timestamp", record.timestamp()).put("timestampType", record.timestampType().toString());
    told.put("key", record.key()).put("value", record.value());
    ArrayNode headers = told.putArray("headers");
    for (Header each : record.headers()) headers.addArray().add(each.key()).add(each.value());
    ObjectNode decoded = told.putObject("decoded");
    Map<String, String> types = typesOf(record);
    for (Header each : record.headers()) {
      if (!each.key().equals(TYPES)) decoded.set(each.key(), decoded(each, types.get(each.key())));
    }
    return told;
  }

  static Map<String, String> typesOf(ConsumerRecord<byte[], byte[]> record) {
    Map<String, String> types = new HashMap<>();
    Header listed = record.headers().lastHeader(TYPES);
    if (listed == null) return types;
    try {
      JSON.readTree(listed.value()).properties().forEach(each -> types.put(each.getKey(), each.getValue().asText()));
    } catch (IOException notJson) {
      throw new IllegalStateException(TYPES + " is no JSON", notJson);
    }
    return types;
  }

  /** As an application on Spring for Apache Kafka has it: JSON of the type that is listed, and bytes otherwise. */
  static JsonNode decoded(Header header, String type) {
    byte[] value = header.value();
    if (type == null) return plain(header.key(), value);
    try {
      return tagged(switch (type) {
        case "java.lang.String" -> text(value);
        case "java.util.Date" -> JSON.readValue(value, Date.class);
        default -> JSON.readValue(value, Class.forName(type));
      });
    } catch (ClassNotFoundException | IOException notThat) {
      throw new IllegalStateException(header.key() + " is no " + type + ": " + new String(value), notThat);
    }
  }

  /** Quoted by mappers that write strings as JSON, else as it is. */
  static String text(byte[] value) throws IOException {
    String text = new String(value, StandardCharsets.UTF_8);
    return text.startsWith("\"") && text.endsWith("\"") && text.length() > 1 ? JSON.readValue(text, String.class) : text;
  }

  /** What Spring's dead letters carry is listed nowhere. */
  static JsonNode plain(String name, byte[] value) {
    if (value == null) return tagged(null);
    return tagged(switch (name) {
      case "x-original-partition" -> ByteBuffer.wrap(value).getInt();
      case "x-original-offset", "x-original-timestamp" -> ByteBuffer.wrap(value).getLong();
      default -> name.startsWith("x-original-") || name.startsWith("x-exception-")
          ? new String(value, StandardCharsets.UTF_8)
          : value;
    });
  }

  /** What JSON cannot tell apart has the name of its type: {"long": "1"}, {"date": 1}, {"bytes": "…"}. */
  static JsonNode tagged(Object value) {
    if (value instanceof Long || value instanceof java.math.BigInteger) {
      return JSON.createObjectNode().put("long", value.toString());
    }
    if (value instanceof Date date) return JSON.createObjectNode().put("date", date.getTime());
    if (value instanceof byte[] some) return JSON.createObjectNode().put("bytes", some);
    if (value instanceof Collection<?> list) {
      ArrayNode array = JSON.createArrayNode();
      list.forEach(each -> array.add(tagged(each)));
      return JSON.createObjectNode().set("list", array);
    }
    if (value instanceof Map<?, ?> map) {
      ObjectNode entries = JSON.createObjectNode();
      map.forEach((key, each) -> entries.set(String.valueOf(key), tagged(each)));
      return JSON.createObjectNode().set("map", entries);
    }
    return JSON.valueToTree(value);
  }

  // topics

  /** Empty when there is no such topic. */
  static List<Integer> partitions(String topic) throws Exception {
    try {
      return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().stream()
          .map(each -> each.partition()).toList();
    } catch (ExecutionException error) {
      if (error.getCause() instanceof UnknownTopicOrPartitionException) return List.of();
      throw error;
    }
  }

  static List<Integer> create(String topic, int count, Map<String, String> configuration) throws Exception {
    try {
      admin.createTopics(List.of(new NewTopic(topic, count, (short) 1).configs(configuration))).all().get();
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof TopicExistsException)) throw error;
    }
    for (long limit = System.currentTimeMillis() + WAIT_MS; partitions(topic).isEmpty(); Thread.sleep(5)) {
      if (System.currentTimeMillis() > limit) throw new IllegalStateException(topic + " does not come");
    }
    return partitions(topic);
  }

  static Object createTopic(JsonNode of) throws Exception {
    Map<String, String> configuration = new HashMap<>();
    if (of.has("properties")) {
      of.get("properties").properties().forEach(each -> configuration.put(each.getKey(), each.getValue().asText()));
    }
    return create(of.get("topic").asText(), of.get("partitions").asInt(), configuration);
  }

  static Object deleteTopics(JsonNode of) throws Exception {
    List<String> topics = new ArrayList<>();
    of.get("topics").forEach(each -> topics.add(each.asText()));
    topics.retainAll(admin.listTopics().names().get());
    return done(admin.deleteTopics(topics).all());
  }

  /** Everything but writing; of a topic that has any such entry the broker allows nothing else. */
  static List<AclBinding> acls(String topic) {
    ResourcePattern resource = new ResourcePattern(ResourceType.TOPIC, topic, PatternType.LITERAL);
    return List.of(AclOperation.READ, AclOperation.DESCRIBE, AclOperation.DESCRIBE_CONFIGS, AclOperation.CREATE,
            AclOperation.ALTER, AclOperation.ALTER_CONFIGS, AclOperation.DELETE).stream()
        .map(operation -> new AclBinding(resource,
            new AccessControlEntry("User:*", "*", operation, AclPermissionType.ALLOW)))
        .toList();
  }

  static Map<Integer, Long> offsets(String topic, OffsetSpec which) throws Exception {
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    for (int partition : partitions(topic)) wanted.put(new TopicPartition(topic, partition), which);
    Map<Integer, Long> offsets = new TreeMap<>();
    if (wanted.isEmpty()) return offsets;
    for (Map.Entry<TopicPartition, ListOffsetsResult.ListOffsetsResultInfo> each :
        admin.listOffsets(wanted).all().get().entrySet()) {
      offsets.put(each.getKey().partition(), each.getValue().offset());
    }
    return offsets;
  }

  // groups

  static Map<TopicPartition, OffsetAndMetadata> committed(String group) throws Exception {
    return admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
  }

  static long backlog(String topic, String group) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> committed = committed(group);
    Map<Integer, Long> begins = offsets(topic, OffsetSpec.earliest());
    long open = 0;
    for (Map.Entry<Integer, Long> end : offsets(topic, OffsetSpec.latest()).entrySet()) {
      OffsetAndMetadata done = committed.get(new TopicPartition(topic, end.getKey()));
      long from = done == null ? begins.get(end.getKey()) : done.offset();
      open += end.getValue() - from;
    }
    return open;
  }

  static Object groups() throws Exception {
    List<Object> groups = new ArrayList<>();
    for (ConsumerGroupListing each : admin.listConsumerGroups().all().get()) groups.add(group(each.groupId()));
    return groups;
  }

  static Object group(String group) throws Exception {
    ObjectNode told = JSON.createObjectNode().put("group", group).put("state", "Dead");
    ArrayNode members = told.putArray("members");
    ObjectNode offsets = told.putObject("offsets");
    try {
      ConsumerGroupDescription found = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
      told.put("state", found.state().toString());
      found.members().forEach(member -> {
        ObjectNode one = members.addObject().put("clientId", member.clientId());
        ArrayNode partitions = one.putArray("partitions");
        member.assignment().topicPartitions().forEach(each -> partitions.add(each.toString()));
      });
    } catch (ExecutionException error) {
      if (!(error.getCause() instanceof GroupIdNotFoundException)) throw error;
    }
    committed(group).forEach((place, done) -> {
      if (done != null) offsets.put(place.toString(), done.offset());
    });
    return told;
  }

  static Object join(JsonNode of) {
    List<String> topics = new ArrayList<>();
    of.get("topics").forEach(each -> topics.add(each.asText()));
    Map<String, Object> settings = new HashMap<>();
    settings.put("group.id", of.get("group").asText());
    settings.put("auto.offset.reset", "earliest");
    if (of.has("settings")) {
      of.get("settings").properties().forEach(each -> settings.put(each.getKey(), each.getValue().asText()));
    }
    String name = "member-" + names.getAndIncrement();
    members.put(name, new Member(consumer(settings), topics));
    return name;
  }

  /** A member of a group that commits what it has read, with every poll. */
  static class Member implements ConsumerRebalanceListener {
    final KafkaConsumer<byte[], byte[]> consumer;
    final List<Object> records = new ArrayList<>();
    final Thread thread;
    Set<TopicPartition> owned = Set.of();
    Throwable failure;

    Member(KafkaConsumer<byte[], byte[]> consumer, List<String> topics) {
      this.consumer = consumer;
      consumer.subscribe(topics, this);
      thread = new Thread(this::run);
      thread.setDaemon(true);
      thread.start();
    }

    void run() {
      try (consumer) {
        while (true) {
          List<Object> came = new ArrayList<>();
          consumer.poll(Duration.ofMillis(100)).forEach(record -> came.add(told(record)));
          synchronized (this) {
            owned = Set.copyOf(consumer.assignment());
            records.addAll(came);
          }
          if (!came.isEmpty()) consumer.commitSync();
        }
      } catch (WakeupException leaving) {
        // as it was told
      } catch (Throwable error) {
        synchronized (this) {
          failure = error;
        }
      }
    }

    synchronized Object state() {
      if (failure != null) throw new IllegalStateException("the member failed: " + failure);
      return Map.of("partitions", owned.stream().map(TopicPartition::toString).sorted().toList(), "records", records);
    }

    Object leave() throws InterruptedException {
      consumer.wakeup();
      thread.join(WAIT_MS);
      return state();
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> revoked) {}

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> assigned) {}
  }
}
