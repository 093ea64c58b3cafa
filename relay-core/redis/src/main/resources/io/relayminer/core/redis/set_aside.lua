-- Moves an entry that cannot be processed to the dead-letter stream.
-- KEYS[1] stream, KEYS[2] dead-letter stream
-- ARGV[1] group, ARGV[2] entry id, ARGV[3] reason, ARGV[4] bound of the dead-letter stream
local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
if #found == 1 then
  local fields = found[1][2]
  fields[#fields + 1] = 'original_id'
  fields[#fields + 1] = ARGV[2]
  fields[#fields + 1] = 'reason'
  fields[#fields + 1] = ARGV[3]
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[4], '*', unpack(fields))
  redis.call('XDEL', KEYS[1], ARGV[2])
end
redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
return #found
