-- Moves budget between the shared counter of one (session, supplier) and the lease of one relayer.
--
-- KEYS[1] meta      JSON document that describes the budget
-- KEYS[2] consumed  uPOKT handed out so far, decimal
-- ARGV[1] meta document as this relayer computes it now
-- ARGV[2] limit, uPOKT
-- ARGV[3] service factor in force, 0 if none
-- ARGV[4] application stake in force, uPOKT
-- ARGV[5] time to live of both keys, ms
-- ARGV[6] uPOKT to give back
-- ARGV[7] cost of one relay, uPOKT
-- ARGV[8] uPOKT wanted; 0 = only give back
--
-- Returns {granted, consumed afterwards, 1 if the budget was created}.
--
-- The script is the only writer that checks and counts in one step, so the counter never exceeds the limit
-- and both keys always have a time to live. Writers that do INCRBY, compare, DECRBY on the same keys
-- remain correct beside it.
local cost = tonumber(ARGV[7])
local want = tonumber(ARGV[8])
local returned = tonumber(ARGV[6])
local meta = redis.call('GET', KEYS[1])
local created = 0

if not meta then
  if want == 0 then
    return {0, 0, 0} -- cleaned up in the meantime: there is no counter to give back to
  end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[5])
  created = 1
elseif want > 0 then
  local readable, known = pcall(cjson.decode, meta)
  if not readable or type(known) ~= 'table'
      or known.created_with_factor ~= tonumber(ARGV[3])
      or known.created_with_app_stake ~= tonumber(ARGV[4]) then
    redis.call('SET', KEYS[1], ARGV[1], 'KEEPTTL')
  end
end

local consumed = tonumber(redis.call('GET', KEYS[2]) or '0')
if returned > consumed then
  returned = math.max(consumed, 0)
end
consumed = consumed - returned

local grant = 0
if want > 0 then
  local room = tonumber(ARGV[2]) - consumed
  if room >= cost then
    -- Near the limit leases shrink, so that no relayer sits on budget another one needs.
    grant = math.min(want, math.max(cost, math.floor(room / 4)))
    grant = grant - grant % cost
  end
end

consumed = redis.call('INCRBY', KEYS[2], string.format('%.0f', grant - returned))
if redis.call('PTTL', KEYS[2]) < 0 then
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
end
if redis.call('PTTL', KEYS[1]) < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[5])
end
return {string.format('%.0f', grant), string.format('%.0f', consumed), created}
