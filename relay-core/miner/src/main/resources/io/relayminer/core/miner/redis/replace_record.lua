-- Writes a session's record anew, under the supplier's lease: one of the superseded layout as a hash, or one that
-- cannot be read, which is put aside for the operator.
-- KEYS  1 lease  2 lease epoch  3 session record  4 where the old one is put
-- ARGV  1 owner  2 epoch  3 life of the old one in ms, 0 = it is dropped
--       4 the old one if it is a text, "" if it is a hash  5.. field, value ...
-- Reply 0 replaced   1 fenced   2 somebody else has changed it
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 1
end
local kind = redis.call('TYPE', KEYS[3]).ok
if ARGV[4] ~= '' then
  if kind ~= 'string' or redis.call('GET', KEYS[3]) ~= ARGV[4] then
    return 2
  end
elseif kind ~= 'hash' then
  return 2
end
local life = tonumber(ARGV[3])
if life > 0 then
  redis.call('RENAME', KEYS[3], KEYS[4])
  redis.call('PEXPIRE', KEYS[4], life)
else
  redis.call('DEL', KEYS[3])
end
redis.call('HSET', KEYS[3], unpack(ARGV, 5, #ARGV))
return 0
