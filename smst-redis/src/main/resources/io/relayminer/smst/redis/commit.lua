-- Writes the leaves of one batch of one session, brings the session record up to date and acknowledges the
-- stream entries, all or nothing. RedisLeafStore says why each step stands where it does. A record in state 'active' takes leaves,
-- one in any other state is sealed; what other states there are is not known here.
--
-- KEYS  1 lease  2 lease epoch  3 nodes  4 root  5 session record  6 session index  7 index of active sessions
--       8 stream
-- ARGV  1 owner  2 epoch  3 consumer group  4 session id  5 time  6 time to live in ms, 0 = none
--       7 number of fields of a new record, then field, value ...
--       number of weights, then for each: weight, number of leaves, then digest, node ...
--       number of entry ids, then id ...
-- Reply {0, new leaves, relay count, compute units} committed
--       {1} fenced   {2, leaves not in the tree, state} sealed
--       {4, fields of the hash, relay count} not adopted   {5, key} wrong type   {6} overflow
--       {7, argument} an argument is not what it should be

local CHUNK = 3500
local EXACT = 9007199254740992

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end

-- A command that fails on the type of its key fails before it writes, but commands before it have written.
local TYPES = {nil, nil, 'hash', 'string', 'hash', 'set', 'set', 'stream'}
for i = 3, 8 do
  local found = redis.call('TYPE', KEYS[i]).ok
  if found ~= 'none' and found ~= TYPES[i] then
    return {5, KEYS[i]}
  end
end

-- Arguments come from another program: what does not add up is refused before anything is written.
local function whole(i)
  local n = tonumber(ARGV[i])
  return n and n >= 0 and n == math.floor(n) and n or nil
end

local ttl = whole(6)
local init = 8
local init_fields = whole(7)
if not ttl or not init_fields or init_fields == 0 or init + 2 * init_fields > #ARGV then
  return {7, ttl and 7 or 6}
end
local groups_at = init + 2 * init_fields
local groups = whole(groups_at)
if not groups then
  return {7, groups_at}
end
local at = groups_at + 1
local leaves = 0
local added_units = 0
for g = 1, groups do
  local weight = whole(at)
  local n = whole(at + 1)
  if not weight or not n or n == 0 or at + 1 + 2 * n > #ARGV then
    return {7, at}
  end
  leaves = leaves + n
  added_units = added_units + n * weight
  at = at + 2 + 2 * n
end
local ids_at = at + 1
local ids = whole(at)
if not ids or at + ids ~= #ARGV then
  return {7, at}
end

local function acknowledge()
  for from = ids_at, ids_at + ids - 1, CHUNK do
    local to = math.min(from + CHUNK - 1, ids_at + ids - 1)
    redis.call('XACK', KEYS[8], ARGV[3], unpack(ARGV, from, to))
    redis.call('XDEL', KEYS[8], unpack(ARGV, from, to))
  end
end

local record = redis.call('HMGET', KEYS[5], 'state', 'relay_count', 'total_compute_units')
local state = record[1]
local count = record[2] or '0'
local units = record[3] or '0'

if redis.call('EXISTS', KEYS[4]) == 1 or (state and state ~= 'active') then
  local missing = 0
  at = groups_at + 1
  for g = 1, groups do
    local n = tonumber(ARGV[at + 1])
    for i = at + 2, at + 2 * n, 2 do
      missing = missing + 1 - redis.call('HEXISTS', KEYS[3], ARGV[i])
    end
    at = at + 2 + 2 * n
  end
  if missing > 0 then
    return {2, missing, state or ''}
  end
  acknowledge()
  return {0, 0, count, units}
end

local fields = redis.call('HLEN', KEYS[3])
if fields ~= tonumber(count) then
  return {4, fields, count}
end

if tonumber(units) + added_units > 9e18 then
  return {6}
end

if leaves == 0 then
  acknowledge()
  return {0, 0, count, units}
end

-- From here on everything is written. The first command is one that Redis refuses when it is out of memory.
local added = 0
local increments = {}
at = groups_at + 1
for g = 1, groups do
  local weight = ARGV[at]
  local last = at + 1 + 2 * tonumber(ARGV[at + 1])
  local new = 0
  for from = at + 2, last, CHUNK do
    new = new + redis.call('HSET', KEYS[3], unpack(ARGV, from, math.min(from + CHUNK - 1, last)))
  end
  increments[g] = {weight, new}
  added = added + new
  at = last + 1
end

if not state then
  redis.call('HSET', KEYS[5], unpack(ARGV, init, groups_at - 1))
end
redis.call('HSET', KEYS[5], 'last_updated_at', ARGV[5])
count = redis.call('HINCRBY', KEYS[5], 'relay_count', added)
for g = 1, groups do
  local weight = increments[g][1]
  local new = increments[g][2]
  local units_added = tonumber(weight) * new
  if units_added < EXACT then
    redis.call('HINCRBY', KEYS[5], 'total_compute_units', string.format('%.0f', units_added))
  else
    -- The product does not fit in a double exactly; adding the text of the weight does not need one.
    for i = 1, new do
      redis.call('HINCRBY', KEYS[5], 'total_compute_units', weight)
    end
  end
end
redis.call('SADD', KEYS[6], ARGV[4])
redis.call('SADD', KEYS[7], ARGV[4])

for _, i in ipairs({3, 5, 6, 7}) do
  if ttl > 0 then
    redis.call('PEXPIRE', KEYS[i], ttl)
  else
    redis.call('PERSIST', KEYS[i])
  end
end

acknowledge()
return {0, added, count, redis.call('HGET', KEYS[5], 'total_compute_units')}
