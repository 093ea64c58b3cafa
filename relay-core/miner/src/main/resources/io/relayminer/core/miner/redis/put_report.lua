-- Stores the report on a session's submissions, under the supplier's lease.
-- KEYS  1 lease  2 lease epoch  3 report   ARGV  1 owner  2 epoch  3 the report  4 its life in ms
-- Reply 1 stored   0 fenced
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
return 1
