-- Renews a lease that the caller holds in the given epoch.
--
-- KEYS  1 lease  2 epoch
-- ARGV  1 owner  2 epoch  3 time to live in ms
-- Reply 1 renewed, 2 held by somebody else or in another epoch, 3 free

local holder = redis.call('GET', KEYS[1])
if not holder then
  return 3
end
if holder ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 2
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
