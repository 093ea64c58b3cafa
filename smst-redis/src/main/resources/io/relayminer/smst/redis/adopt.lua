-- Sets the counters of a session to what its leaves say, if the hash still holds just those leaves.
--
-- KEYS  1 lease  2 lease epoch  3 nodes  4 root  5 session record  6 session index  7 index of active sessions
-- ARGV  1 owner  2 epoch  3 session id  4 time  5 time to live in ms, 0 = none  6 leaves  7 compute units
--       then field, value ... of a new record
-- Reply {0, relay count before} adopted   {1} fenced   {2} sealed   {4, fields of the hash} changed meanwhile
--       {7, argument} an argument is not what it should be

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end
local ttl = tonumber(ARGV[5])
if not ttl or not tonumber(ARGV[6]) or not tonumber(ARGV[7]) or #ARGV < 9 or #ARGV % 2 == 0 then
  return {7, 5}
end
local record = redis.call('HMGET', KEYS[5], 'state', 'relay_count')
local state = record[1]
local before = record[2] or '0'
if redis.call('EXISTS', KEYS[4]) == 1 or (state and state ~= 'active') then
  return {2}
end
local fields = redis.call('HLEN', KEYS[3])
if fields ~= tonumber(ARGV[6]) then
  return {4, fields}
end
if not state then
  if fields == 0 then
    return {0, before}
  end
  redis.call('HSET', KEYS[5], unpack(ARGV, 8, #ARGV))
end
redis.call('HSET', KEYS[5], 'relay_count', ARGV[6], 'total_compute_units', ARGV[7], 'last_updated_at', ARGV[4])
redis.call('SADD', KEYS[6], ARGV[3])
redis.call('SADD', KEYS[7], ARGV[3])
for _, i in ipairs({3, 5, 6, 7}) do
  if ttl > 0 then
    redis.call('PEXPIRE', KEYS[i], ttl)
  else
    redis.call('PERSIST', KEYS[i])
  end
end
return {0, before}
