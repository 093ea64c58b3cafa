-- Acknowledges and deletes stream entries that will never become leaves, if the caller still holds the lease.
--
-- KEYS  1 lease  2 lease epoch  3 stream
-- ARGV  1 owner  2 epoch  3 consumer group, then id ...
-- Reply {0, entries deleted}   {1} fenced

local CHUNK = 3500
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end
local deleted = 0
for from = 4, #ARGV, CHUNK do
  local to = math.min(from + CHUNK - 1, #ARGV)
  redis.call('XACK', KEYS[3], ARGV[3], unpack(ARGV, from, to))
  deleted = deleted + redis.call('XDEL', KEYS[3], unpack(ARGV, from, to))
end
return {0, deleted}
