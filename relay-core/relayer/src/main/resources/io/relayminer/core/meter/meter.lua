-- Moves budget between the shared counter of one (session, supplier) and the lease of one relayer.
--
-- KEYS[1] meta      JSON document that describes the budget
-- KEYS[2] consumed  uPOKT handed out so far, decimal
-- KEYS[3] exchanges hash: by relayer, "sequence:granted" of its last request
-- ARGV[1] meta document as this relayer computes it now
-- ARGV[2] limit, uPOKT
-- ARGV[3] service factor in force, 0 if none
-- ARGV[4] application stake in force, uPOKT
-- ARGV[5] time to live of the keys, ms
-- ARGV[6] uPOKT to give back
-- ARGV[7] uPOKT below which a grant is of no use
-- ARGV[8] what a grant is a multiple of, uPOKT
-- ARGV[9] uPOKT wanted; 0 = only give back
-- ARGV[10] the relayer
-- ARGV[11] sequence number of the request, growing with each request of the relayer
--
-- Returns {granted, consumed afterwards, 1 if the budget was created}.
--
-- The script is the only writer that checks and counts in one step, so the counter never exceeds the limit
-- and all keys have a time to live. Writers that do INCRBY, compare, DECRBY on the same keys remain correct
-- beside it. A request that arrives again changes nothing and gets the answer of the first time; one that
-- arrives after a later one was abandoned, and gets nothing.
local sequence = tonumber(ARGV[11])
local last = redis.call('HGET', KEYS[3], ARGV[10])
if last then
  local number, granted = string.match(last, '^(%d+):(%d+)$')
  number = tonumber(number)
  if number and number >= sequence then
    return {number == sequence and granted or '0', redis.call('GET', KEYS[2]) or '0', 0}
  end
end

local least = tonumber(ARGV[7])
local step = tonumber(ARGV[8])
local want = tonumber(ARGV[9])
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
  if room >= least then
    -- Near the limit leases shrink, so that no relayer sits on budget another one needs.
    grant = math.min(want, math.max(least, math.floor(room / 4)))
    grant = grant - grant % step
  end
end

consumed = redis.call('INCRBY', KEYS[2], string.format('%.0f', grant - returned))
local granted = string.format('%.0f', grant)
redis.call('HSET', KEYS[3], ARGV[10], ARGV[11] .. ':' .. granted)
for i = 1, 3 do
  if redis.call('PTTL', KEYS[i]) < 0 then
    redis.call('PEXPIRE', KEYS[i], ARGV[5])
  end
end
return {granted, string.format('%.0f', consumed), created}
