-- Takes a lease that is free; grants it again, in the same epoch, to who holds it.
--
-- KEYS  1 lease  2 epoch
-- ARGV  1 owner  2 time to live in ms
-- Reply the epoch, or 0 if somebody else holds the lease

local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
local epoch = redis.call('GET', KEYS[2])
if holder and epoch then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return tonumber(epoch)
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
if epoch then
  return redis.call('INCR', KEYS[2])
end
-- The first epoch that Redis knows of need not be the first: it may have lost the counter. Its clock goes on.
local now = redis.call('TIME')
redis.call('SET', KEYS[2], now[1] .. string.format('%06d', tonumber(now[2])))
return tonumber(redis.call('GET', KEYS[2]))
