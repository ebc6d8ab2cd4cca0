--# include lib/tally_slot.lua when called: tally_slot
--# include lib/tally_turn.lua when called: tally_turn
-- Counts what becomes of jobs, by task, in two commands for a whole batch: `batch` has, for each task, field ->
-- how much to add. From field 8 on stand the sum (ms) of the times waited and how many were below 1, 2, 4, … ms,
-- from 38 on those of the times run. Counting fails no transition: where a key has a foreign value nothing is counted.
local tally_fields = { enqueued = 0, started = 1, succeeded = 2, retried = 3, dead = 4, cancelled = 5, expired = 6,
  reclaimed = 7, waited = 8, ran = 38 }

local function tally_add(batch, task, field, n)
  local of = batch[task]
  if not of then
    of = {}
    batch[task], batch[#batch + 1] = of, task
  end
  of[field] = (of[field] or 0) + n
end

local function tally_time(batch, task, first, ms, n)
  if not ms or not (ms < 9007199254740992) then return end -- a text touched by hand
  local whole_ms = math.max(0, math.floor(ms))
  local _, power = math.frexp(whole_ms)
  tally_add(batch, task, first, whole_ms * n)
  tally_add(batch, task, first + 1 + math.min(power, 28), n)
end

local function tally_write(sums, batch, now)
  local known = #batch > 0 and redis.pcall('HMGET', sums.tallied, '!minute', unpack(batch))
  if not known or known.err then return end
  local stamp, minute, args, n = tonumber(known[1]), math.floor(now / 60000), {}, 0
  if not stamp or minute > stamp or minute < stamp - 1 then known = tally_turn(sums, stamp, minute, batch) end -- it may step back
  for i, task in ipairs(batch) do
    local slot = tonumber(known[i + 1]) or tally_slot(sums, task)
    for field, amount in pairs(batch[task]) do
      args[n + 1], args[n + 2], args[n + 4] = 'INCRBY', 'i64', amount
      args[n + 3] = '#' .. (field < 8 and 8 * slot + field or 792 + 60 * slot + field)
      n = n + 4
    end
  end
  redis.pcall('BITFIELD', sums.tally, unpack(args))
end
