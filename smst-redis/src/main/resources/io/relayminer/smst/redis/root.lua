-- Stores the root of a sealed session and its statistics. Storing the same root again changes nothing; another
-- root is refused.
--
-- KEYS  1 lease  2 lease epoch  3 root  4 statistics  5 session record
-- ARGV  1 owner  2 epoch  3 root  4 statistics  5 time to live in ms, 0 = none
-- Reply {0} stored   {1} fenced   {2, root} another root is stored   {3} the session is not sealed

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end
local stored = redis.call('GET', KEYS[3])
if stored and stored ~= ARGV[3] then
  return {2, stored}
end
local state = redis.call('HGET', KEYS[5], 'state')
if not state or state == 'active' then
  return {3}
end
redis.call('SET', KEYS[3], ARGV[3])
redis.call('SET', KEYS[4], ARGV[4])
local ttl = tonumber(ARGV[5])
if ttl > 0 then
  redis.call('PEXPIRE', KEYS[3], ttl)
  redis.call('PEXPIRE', KEYS[4], ttl)
end
return {0}
