-- Closes a session to further leaves: its state goes from active to claiming, and commit.lua takes no more.
-- Repeating it changes nothing.
--
-- KEYS  1 lease  2 lease epoch  3 nodes  4 root  5 session record  6 index of active sessions
--       7 index of claiming sessions
-- ARGV  1 owner  2 epoch  3 session id  4 time  5 time to live in ms, 0 = none
-- Reply {0, relay count, compute units, state} sealed, now or before   {1} fenced
--       {4, fields of the hash, relay count} not adopted   {5} no such session

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end

local record = redis.call('HMGET', KEYS[5], 'state', 'relay_count', 'total_compute_units')
local state = record[1]
local count = record[2] or '0'
local units = record[3] or '0'
local sealed = redis.call('EXISTS', KEYS[4]) == 1 or (state and state ~= 'active')
if not sealed then
  local fields = redis.call('HLEN', KEYS[3])
  if fields ~= tonumber(count) then
    return {4, fields, count}
  end
end
if not state then
  return {5}
end

if state == 'active' then
  redis.call('HSET', KEYS[5], 'state', 'claiming', 'last_updated_at', ARGV[4])
  redis.call('SADD', KEYS[7], ARGV[3])
  redis.call('SREM', KEYS[6], ARGV[3])
  local ttl = tonumber(ARGV[5])
  for _, i in ipairs({3, 5, 7}) do
    if ttl > 0 then
      redis.call('PEXPIRE', KEYS[i], ttl)
    else
      redis.call('PERSIST', KEYS[i])
    end
  end
end
return {0, count, units, state == 'active' and 'claiming' or state}
