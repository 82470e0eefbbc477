/**
 * What has to happen in one step on the server. Each is sent whole, once a second at most: nothing has to be loaded
 * again after a failover. All keys of a script are in one slot.
 */

/** Whether the id `a` comes before `b`; numbers of any length. */
const BEFORE = `
local function before(a, b)
  local ams, aseq = string.match(a, '^(%d+)%-?(%d*)$')
  local bms, bseq = string.match(b, '^(%d+)%-?(%d*)$')
  if #ams ~= #bms then return #ams < #bms end
  if ams ~= bms then return ams < bms end
  if #aseq ~= #bseq then return #aseq < #bseq end
  return aseq < bseq
end
`;

/** The groups of a stream by name, each with its last delivered id; nil where there is no such key. */
const GROUPS = `
local function groups(stream)
  local reply = redis.pcall('XINFO', 'GROUPS', stream)
  if reply.err then
    if string.find(reply.err, 'no such key', 1, true) then return nil end
    return reply
  end
  local found = {}
  for _, group in ipairs(reply) do
    local name
    for i = 1, #group, 2 do
      if group[i] == 'name' then name = group[i + 1] end
      if group[i] == 'last-delivered-id' then found[name] = group[i + 1] end
    end
  end
  return found
end
local function lastId(stream)
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
`;

/**
 * Sees to it that a group is there.
 * KEYS: stream. ARGV: group, \`earliest\` or \`latest\` or the last id that is known of it, create or verify or skip.
 * Returns \`there\`, \`made\`, \`no stream\` or \`no group\`, and the last delivered id.
 */
export const JOIN = `${BEFORE}${GROUPS}
local stream, group, from, provision = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local found = groups(stream)
if found and found.err then return found end
if found and found[group] then return {'there', found[group]} end
if provision ~= 'create' then return {found and 'no group' or 'no stream', '0-0'} end
if from == 'latest' then
  from = found and lastId(stream) or '0-0'
elseif from == 'earliest' then
  from = '0-0'
elseif not found or before(lastId(stream), from) then
  from = '0-0'
end
redis.call('XGROUP', 'CREATE', stream, group, from, 'MKSTREAM')
return {'made', from}
`;

/** Where a stream ends now. KEYS: stream. Returns an id. */
export const LAST_ID = `${GROUPS}
if redis.call('EXISTS', KEYS[1]) == 0 then return '0-0' end
return lastId(KEYS[1])
`;

/** Makes a liveness key live on. PEXPIRE works also when the memory is full. */
const LIVE = `
local function live(key, value, ttl)
  if redis.call('PEXPIRE', key, ttl) == 0 then redis.pcall('SET', key, value, 'PX', ttl) end
end
`;

/**
 * What is held is renewed: its idle time starts anew, without counting as a delivery. What nobody has pending, because the
 * group was made anew, is entered again where the stream still has it. Returns the ids that others took over.
 */
const RENEW = `
local function renew(stream, group, me, first)
  local gone, claim = {}, {}
  local function flush()
    if #claim == 0 then return end
    claim[#claim + 1] = 'FORCE'
    claim[#claim + 1] = 'JUSTID'
    redis.call('XCLAIM', stream, group, me, 0, unpack(claim))
    claim = {}
  end
  for i = first, #ARGV do
    local id = ARGV[i]
    local pending = redis.call('XPENDING', stream, group, id, id, 1)[1]
    if pending and pending[2] ~= me then
      gone[#gone + 1] = id
    else
      claim[#claim + 1] = id
      if #claim == 1000 then flush() end
    end
  end
  flush()
  return gone
end
`;

/** The consumers of a group by name, with what is pending. */
const CONSUMERS = `
local function consumers(stream, group)
  local all = {}
  for _, consumer in ipairs(redis.call('XINFO', 'CONSUMERS', stream, group)) do
    local one = {}
    for i = 1, #consumer, 2 do one[consumer[i]] = consumer[i + 1] end
    all[#all + 1] = one
  end
  return all
end
local function ours(name, prefix)
  return string.sub(name, 1, #prefix) == prefix
end
`;

/**
 * A sign of life of one that shares a stream with others; takes over what nobody holds any more, and removes consumers
 * that are gone.
 * KEYS: stream, prefix of the liveness keys.
 * ARGV: group, consumer, lease, room, prefix of our consumers, the one of what was returned, whether the dead may be
 * inherited (1 or 0), ids that are held. What foreign consumers hold stays theirs.
 * Returns: ids that others took over; entries that are now, as \`id, deliveries, fields\`; how many of them had been
 * deleted; the last delivered id of the group.
 */
export const BEAT = `${LIVE}${RENEW}${CONSUMERS}${GROUPS}
local stream, alive = KEYS[1], KEYS[2]
local group, me, lease, room = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local prefix, returned, inherit = ARGV[5], ARGV[6], ARGV[7] == '1'
live(alive .. me, '1', lease)
local gone = renew(stream, group, me, 8)
local taken, deleted = {}, 0

local function take(name, idle)
  local pending = redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', room, name)
  for _, each in ipairs(pending) do
    local entries = redis.call('XCLAIM', stream, group, me, idle, each[1])
    local entry = entries[1]
    if entry and entry[2] then
      room = room - 1
      taken[#taken + 1] = {entry[1], each[4] + 1, entry[2]}
    else
      deleted = deleted + 1
      redis.call('XACK', stream, group, each[1])
    end
  end
  return #pending
end

for _, each in ipairs(consumers(stream, group)) do
  local name, pending = each.name, each.pending
  local idle
  if name == me then
    idle = lease
  elseif name == returned then
    idle = 0
  elseif inherit and ours(name, prefix) and redis.call('EXISTS', alive .. name) == 0 then
    idle = lease
  end
  if idle and pending > 0 and room > 0 then pending = pending - take(name, idle) end
  if idle and pending == 0 and name ~= me then
    redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
  end
end
local found = groups(stream)
return {gone, taken, deleted, found and found[group] or false}
`;

/**
 * Makes one the only reader of a stream for a group, and takes over what earlier ones held.
 * KEYS: stream, prefix of the liveness keys, owner. ARGV: group, consumer, lease, prefix of our consumers.
 * Returns the name of the owner.
 */
export const ACQUIRE = `${CONSUMERS}
local stream, alive, owner = KEYS[1], KEYS[2], KEYS[3]
local group, me, lease, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local current = redis.call('GET', owner)
if current and current ~= me then return current end
redis.call('SET', owner, me, 'PX', lease)
for _, each in ipairs(consumers(stream, group)) do
  local name, pending = each.name, each.pending
  if name ~= me and ours(name, prefix) and redis.call('EXISTS', alive .. name) == 0 then
    while pending > 0 do
      local ids = {}
      for _, one in ipairs(redis.call('XPENDING', stream, group, '-', '+', 1000, name)) do ids[#ids + 1] = one[1] end
      pending = pending - 1000
      ids[#ids + 1] = 'JUSTID'
      redis.call('XCLAIM', stream, group, me, 0, unpack(ids))
    end
    redis.call('XGROUP', 'DELCONSUMER', stream, group, name)
  end
end
return me
`;

/**
 * A sign of life of the only reader of a stream.
 * KEYS: stream, prefix of the liveness keys, owner. ARGV: group, consumer, lease, prefix of our consumers, ids that are
 * held.
 * Returns: whose the stream is; ids that others took over; the last delivered id of the group; how many entries are
 * pending with consumers that are gone.
 */
export const HOLD = `${LIVE}${RENEW}${CONSUMERS}${GROUPS}
local stream, alive, owner = KEYS[1], KEYS[2], KEYS[3]
local group, me, lease, prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local current = redis.call('GET', owner)
if current and current ~= me then return {current, {}, false, 0} end
live(owner, me, lease)
local gone = renew(stream, group, me, 5)
local left = 0
for _, each in ipairs(consumers(stream, group)) do
  local name = each.name
  if name ~= me and ours(name, prefix) and redis.call('EXISTS', alive .. name) == 0 then left = left + each.pending end
end
local found = groups(stream)
return {me, gone, found and found[group] or false, left}
`;

/**
 * What is new, for the owner of a stream alone: a read that blocks would still take entries when its reader has long been
 * replaced.
 * KEYS: stream, owner. ARGV: group, consumer, how many.
 * Returns: 1, or 0 where somebody else is the owner, or nobody; entries; where there are none, the last delivered id.
 */
export const READ = `${GROUPS}
local stream, group, me = KEYS[1], ARGV[1], ARGV[2]
if redis.call('GET', KEYS[2]) ~= me then return {0, {}, false} end
local reply = redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', ARGV[3], 'STREAMS', stream, '>')
if reply then return {1, reply[1][2], false} end
return {1, {}, groups(stream)[group]}
`;

/**
 * An orderly end: what is still held is given back, uncounted, and nothing of the consumer remains.
 * KEYS: stream, liveness key, owner. ARGV: group, consumer, the one of what is returned.
 */
export const LEAVE = `
local stream, alive, owner = KEYS[1], KEYS[2], KEYS[3]
local group, me, returned = ARGV[1], ARGV[2], ARGV[3]
redis.call('DEL', alive)
local function clear()
  while true do
    local pending = redis.call('XPENDING', stream, group, '-', '+', 1000, me)
    for _, each in ipairs(pending) do
      local count = math.max(0, each[4] - 1)
      redis.call('XCLAIM', stream, group, returned, 0, each[1], 'IDLE', 86400000, 'RETRYCOUNT', count, 'JUSTID')
    end
    if #pending < 1000 then break end
  end
  redis.call('XGROUP', 'DELCONSUMER', stream, group, me)
end
local ended = redis.pcall('EXISTS', stream) == 1 and redis.pcall('XINFO', 'CONSUMERS', stream, group)
if ended and not ended.err then clear() end
if redis.call('GET', owner) == me then redis.call('DEL', owner) end
return 1
`;

/**
 * Drops what every group has acknowledged and every reader without a group has read.
 * KEYS: stream, positions, trimmed. ARGV: the milliseconds until the next one may, the milliseconds for which entries are
 * kept in any case, how many are dropped at most, so that Redis is not held up for long.
 * Returns 1 where there are more to drop.
 */
export const TRIM = `${BEFORE}${GROUPS}
local stream, positions, trimmed = KEYS[1], KEYS[2], KEYS[3]
local claimed = redis.pcall('SET', trimmed, '1', 'NX', 'PX', ARGV[1])
if not claimed then return 0 end
local found = groups(stream)
if not found or found.err or not next(found) then return 0 end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local least
local function needs(id)
  if not least or before(id, least) then least = id end
end
for group, delivered in pairs(found) do
  local pending = redis.call('XPENDING', stream, group)
  needs(pending[1] > 0 and pending[2] or delivered)
end
local all = redis.call('HGETALL', positions)
for i = 1, #all, 2 do
  local expires, id = string.match(all[i + 1], '^(%d+) (.+)$')
  if expires and tonumber(expires) > now then needs(id) else redis.call('HDEL', positions, all[i]) end
end
if tonumber(ARGV[2]) > 0 then needs(string.format('%.0f-0', now - tonumber(ARGV[2]))) end
local most = tonumber(ARGV[3])
local dropped = redis.call('XTRIM', stream, 'MINID', '~', least, 'LIMIT', most)
-- whole nodes are dropped: one that would have been too many is left
if dropped == 0 or dropped < most / 2 then return 0 end
redis.call('DEL', trimmed)
return 1
`;

/**
 * How far a reader without a group has read, so that nobody trims what it has not.
 * KEYS: positions. ARGV: reader, id, milliseconds for which that is believed.
 */
export const NOTE_POSITION = `
local time = redis.call('TIME')
local expires = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[3]
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f %s', expires, ARGV[2]))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
`;
