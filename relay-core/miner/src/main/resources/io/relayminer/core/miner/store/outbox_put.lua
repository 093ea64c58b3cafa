-- Stores a message that waits for inclusion, under the supplier's lease.
-- KEYS 1 lease  2 lease epoch  3 group  4 index   ARGV 1 owner  2 epoch  3 session id  4 entry  5 index member  6 life in ms
-- Reply 1 stored, 0 fenced
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
redis.call('HSET', KEYS[3], ARGV[3], ARGV[4])
redis.call('PEXPIRE', KEYS[3], ARGV[6])
redis.call('SADD', KEYS[4], ARGV[5])
redis.call('PEXPIRE', KEYS[4], ARGV[6])
return 1
