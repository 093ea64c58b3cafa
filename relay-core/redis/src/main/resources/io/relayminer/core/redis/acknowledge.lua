-- Removes delivered entries for good.
-- KEYS[1] stream   ARGV[1] group, ARGV[2..] entry ids
-- An entry must never be acknowledged without being deleted (it would block a drain for ever), nor
-- deleted without being acknowledged (its reference would stay pending), hence one script.
for i = 2, #ARGV do
  redis.call('XDEL', KEYS[1], ARGV[i])
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[i])
end
return #ARGV - 1
