-- Changes a session under the supplier's lease, all at once: its record and the indexes it stands in, the messages
-- that wait to be included, and, if it is over with that, its tree.
-- KEYS  1 lease  2 lease epoch  3 session record  4 session index
--       5 claims that wait  6 their index  7 proofs that wait  8 their index
--       9 nodes  10 live root  11 root  12 statistics  13.. index of each state
-- ARGV  1 owner  2 epoch  3 session id  4 states it may come from, ",a,b,"  5 the new state
--       6 life of the record in ms, 0 = not over   7 member of the message indexes  8 life of a message in ms
--       9 claim: "" as it is, "-" waits no longer, else the message   10 proof, likewise
--       11 number of states, then their names in the order of the indexes
--       then number of fields of a record that is gone, field, value ..., then the fields that change, field, value ...
-- Reply 0 changed   1 fenced   3 in another state   4 record in the superseded layout
if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('GET', KEYS[2]) ~= ARGV[2] then
  return 1
end
local kind = redis.call('TYPE', KEYS[3]).ok
if kind ~= 'hash' and kind ~= 'none' then
  return 4
end
local states = tonumber(ARGV[11])
local whole = 12 + states
local changes = whole + 1 + 2 * tonumber(ARGV[whole])
local state = ''
if kind == 'hash' then
  state = redis.call('HGET', KEYS[3], 'state') or ''
else
  for i = whole + 1, changes - 1, 2 do
    if ARGV[i] == 'state' then
      state = ARGV[i + 1]
    end
  end
end
if not string.find(ARGV[4], ',' .. state .. ',', 1, true) then
  return 3
end
if kind == 'none' then
  redis.call('HSET', KEYS[3], unpack(ARGV, whole + 1, changes - 1))
end
redis.call('HSET', KEYS[3], unpack(ARGV, changes, #ARGV))
local life = tonumber(ARGV[6])
for i = 1, states do
  if ARGV[11 + i] == ARGV[5] then
    redis.call('SADD', KEYS[12 + i], ARGV[3])
    if life > 0 then
      redis.call('PEXPIRE', KEYS[12 + i], life)
    else
      redis.call('PERSIST', KEYS[12 + i])
    end
  else
    redis.call('SREM', KEYS[12 + i], ARGV[3])
  end
end
for i = 0, 1 do
  local group, index, message = KEYS[5 + 2 * i], KEYS[6 + 2 * i], ARGV[9 + i]
  if message == '-' then
    redis.call('HDEL', group, ARGV[3])
    if redis.call('EXISTS', group) == 0 then
      redis.call('SREM', index, ARGV[7])
    end
  elseif message ~= '' then
    redis.call('HSET', group, ARGV[3], message)
    redis.call('PEXPIRE', group, ARGV[8])
    redis.call('SADD', index, ARGV[7])
    redis.call('PEXPIRE', index, ARGV[8])
  end
end
if life > 0 then
  redis.call('SREM', KEYS[4], ARGV[3])
  redis.call('PEXPIRE', KEYS[3], life)
  redis.call('UNLINK', unpack(KEYS, 9, 12))
else
  redis.call('SADD', KEYS[4], ARGV[3])
  redis.call('PERSIST', KEYS[4])
  redis.call('PERSIST', KEYS[3])
end
return 0
