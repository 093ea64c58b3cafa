-- Appends entries again that are pending for a consumer that is gone, so that an owner which reads
-- only new entries receives them.
-- KEYS[1] stream   ARGV[1] group, ARGV[2..] entry ids
local moved = 0
for i = 2, #ARGV do
  local found = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if #found == 1 then
    redis.call('XADD', KEYS[1], '*', unpack(found[1][2]))
    redis.call('XDEL', KEYS[1], ARGV[i])
    moved = moved + 1
  end
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
end
return moved
