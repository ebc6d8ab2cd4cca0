--# include lib/tally_slot.lua
--# include lib/tally_retire.lua
-- What grew since the numbers were `old`, into `history`: a msgpack list of `begun` (the minute's number, the
-- hour's), then place and growth of each task. At most 4,600 entries stay: 72 hours and some. Returns which places.
local function tally_entry(sums, kind, begun, old, new, numbers)
  local entry, width, grew = { begun }, numbers * 8, {}
  old = old .. string.rep('\0', #new - #old)
  for at = 1, old ~= new and #new or 0, width do
    local one, two = string.sub(old, at, at + width - 1), string.sub(new, at, at + width - 1)
    if one ~= two then
      local slot = (at - 1) / width
      entry[#entry + 1], entry[#entry + 2], grew[slot] = slot, tally_growth(one, two, numbers), true
    end
  end
  if next(grew) then
    redis.pcall('XADD', sums.history, 'MAXLEN', '~', 4500, '*', kind, cmsgpack.pack(entry))
  end
  return grew
end

-- Another minute has begun, `stamp` is the one that the numbers were last looked at in. What was
-- counted since goes into `history`, and once an hour the times too. Returns the minute, and the places that these tasks
-- have now.
local function tally_turn(sums, stamp, minute, tasks)
  local found = redis.call('HMGET', sums.tallied, '!slots', '!counts', '!times', '!seen')
  local slots, counts, times, seen = tonumber(found[1]) or 1, found[2] or '', found[3] or '', found[4] or ''
  local hour, now = math.floor((stamp or minute) / 60), math.floor(minute / 60)
  local grew = stamp and tally_entry(sums, 'm', stamp, counts, tally_counts(sums, slots), 8) or {}
  seen = tally_seen(seen, grew, slots, hour)
  if stamp and hour ~= now then
    tally_entry(sums, 'h', hour, times, tally_times(sums, slots), 60)
    tally_retire(sums, seen, slots, now)
  end
  if not stamp or hour ~= now then redis.call('HSET', sums.tallied, '!times', tally_times(sums, slots)) end
  redis.call('HSET', sums.tallied, '!minute', string.format('%.0f', minute), '!seen', seen,
    '!counts', tally_counts(sums, slots))
  return redis.call('HMGET', sums.tallied, '!minute', unpack(tasks))
end
