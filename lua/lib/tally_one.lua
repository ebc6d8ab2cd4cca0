--# include lib/tally_slot.lua when called: tally_slot
--# include lib/tally_turn.lua when called: tally_turn
-- As `tally_write` (lib/tally_count.lua), for the call that is made most: one more job of one task.
local function tally_one(sums, task, field, now)
  local known = redis.pcall('HMGET', sums.tallied, '!minute', task)
  if known.err then return end
  local stamp, minute = tonumber(known[1]), math.floor(now / 60000)
  if not stamp or minute > stamp or minute < stamp - 1 then known = tally_turn(sums, stamp, minute, { task }) end
  redis.pcall('BITFIELD', sums.tally, 'INCRBY', 'i64', '#' .. 8 * (known[2] or tally_slot(sums, task)) + field, 1)
end
