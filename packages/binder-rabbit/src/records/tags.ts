/** The letters that RabbitMQ and its clients give the types of fields; some differ from those of AMQP 0-9-1 as published. */
export const TAGS = {
  string: 0x53, // S
  int: 0x49, // I
  long: 0x6c, // l
  short: 0x73, // s
  byte: 0x62, // b
  unsignedByte: 0x42, // B
  unsignedShort: 0x75, // u
  unsignedInt: 0x69, // i
  float: 0x66, // f
  double: 0x64, // d
  decimal: 0x44, // D
  boolean: 0x74, // t
  timestamp: 0x54, // T
  bytes: 0x78, // x
  array: 0x41, // A
  table: 0x46, // F
  nothing: 0x56, // V
} as const;

/** Deeper than any header is meant to be, and shallow enough for the stack. */
export const MOST_LEVELS = 100;
