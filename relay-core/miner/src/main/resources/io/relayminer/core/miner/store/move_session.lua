-- Moves a session from one of the expected states to another, under the supplier's lease.
-- KEYS  1 lease  2 lease epoch  3 session record  4 session index  5.. index of each state
-- ARGV  1 owner  2 epoch  3 session id  4 expected states, ",a,b,"  5 life of the record in ms, 0 = not over
--       6 number of states, then their names in the order of the indexes, then field, value ...
-- Reply 0 moved   1 fenced   2 absent   3 in another state   4 record in the superseded layout
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 1
end
local kind = redis.call('TYPE', KEYS[3]).ok
if kind == 'none' then
  return 2
end
if kind ~= 'hash' then
  return 4
end
local state = redis.call('HGET', KEYS[3], 'state') or ''
if not string.find(ARGV[4], ',' .. state .. ',', 1, true) then
  return 3
end
local names = tonumber(ARGV[6])
redis.call('HSET', KEYS[3], unpack(ARGV, 7 + names, #ARGV))
local target = ARGV[8 + names]
local life = tonumber(ARGV[5])
for i = 1, names do
  if ARGV[6 + i] == target then
    redis.call('SADD', KEYS[4 + i], ARGV[3])
    if life > 0 then
      redis.call('PEXPIRE', KEYS[4 + i], life)
    else
      redis.call('PERSIST', KEYS[4 + i])
    end
  else
    redis.call('SREM', KEYS[4 + i], ARGV[3])
  end
end
if life > 0 then
  redis.call('SREM', KEYS[4], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], life)
else
  redis.call('SADD', KEYS[4], ARGV[3])
  redis.call('PERSIST', KEYS[4])
  redis.call('PERSIST', KEYS[3])
end
return 0
