-- Moves an entry that cannot be processed to the dead-letter stream, under the supplier's lease.
-- KEYS  1 lease  2 lease epoch  3 stream  4 dead-letter stream
-- ARGV  1 owner  2 epoch  3 group  4 entry id  5 reason  6 bound of the dead-letter stream
-- Reply 1 done   0 fenced
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 0
end
local found = redis.call('XRANGE', KEYS[3], ARGV[4], ARGV[4])
if #found == 1 then
  local fields = found[1][2]
  fields[#fields + 1] = 'original_id'
  fields[#fields + 1] = ARGV[4]
  fields[#fields + 1] = 'reason'
  fields[#fields + 1] = ARGV[5]
  redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[6], '*', unpack(fields))
  redis.call('XDEL', KEYS[3], ARGV[4])
end
redis.call('XACK', KEYS[3], ARGV[3], ARGV[4])
return 1
