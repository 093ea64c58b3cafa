-- Frees a lease that the caller holds in the given epoch.
--
-- KEYS  1 lease  2 epoch
-- ARGV  1 owner  2 epoch
-- Reply 1 freed, 0 not held like that

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('DEL', KEYS[1])
return 1
