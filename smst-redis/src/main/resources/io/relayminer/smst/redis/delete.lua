-- Deletes a tree, if the caller still holds the lease.
--
-- KEYS  1 lease  2 lease epoch, then the keys of the tree
-- ARGV  1 owner  2 epoch
-- Reply {0, keys deleted}   {1} fenced

if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return {1}
end
return {0, redis.call('UNLINK', unpack(KEYS, 3))}
