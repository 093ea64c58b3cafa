-- Removes nodes that are not leaves of the session, and the root of the growing trie that they belonged to.
--
-- KEYS  1 lease  2 lease epoch  3 nodes  4 live root  5 root
-- ARGV  1 owner  2 epoch, then digest ...
-- Reply {0, nodes removed}   {1} fenced   {2} sealed

local CHUNK = 3500
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end
if redis.call('EXISTS', KEYS[5]) == 1 then
  return {2}
end
redis.call('DEL', KEYS[4])
local removed = 0
for from = 3, #ARGV, CHUNK do
  removed = removed + redis.call('HDEL', KEYS[3], unpack(ARGV, from, math.min(from + CHUNK - 1, #ARGV)))
end
return {0, removed}
