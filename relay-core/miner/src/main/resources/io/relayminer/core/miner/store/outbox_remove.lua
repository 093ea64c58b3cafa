-- Removes a message; the last one of a group takes the group out of the index.
-- KEYS 1 group  2 index   ARGV 1 session id  2 index member
redis.call('HDEL', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SREM', KEYS[2], ARGV[2])
end
return 1
