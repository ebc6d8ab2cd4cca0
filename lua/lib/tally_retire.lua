-- The hour in which each place was last counted in, four bytes of each.
local function tally_seen(seen, grew, slots, hour)
  local parts, now = {}, struct.pack('>I4', hour)
  for slot = 0, slots - 1 do
    local last = string.sub(seen, 4 * slot + 1, 4 * slot + 4)
    parts[slot + 1] = (grew[slot] or #last < 4) and now or last
  end
  return table.concat(parts)
end

-- Where eighty places are taken, tasks that weren't seen for 73 hours (`history` names them no more) leave theirs to
-- others, twenty an hour; their numbers are then those of all others.
local function tally_retire(sums, seen, slots, hour)
  if slots < 80 then return end
  local all, freed = redis.call('HGETALL', sums.tallied), {} -- a few more than a hundred
  local counts, times = tally_counts(sums, slots), tally_times(sums, slots)
  for i = 1, #all, 2 do
    local slot = string.byte(all[i]) ~= 33 and tonumber(all[i + 1])
    if slot and #freed < 20 and struct.unpack('>I4', seen, 4 * slot + 1) < hour - 73 then
      local args = {}
      for n, list in pairs({ [0] = string.sub(counts, 64 * slot + 1, 64 * slot + 64),
        [800] = string.sub(times, 480 * slot + 1, 480 * slot + 480) }) do
        local grown = tally_growth(string.rep('\0', #list), list, #list / 8)
        for k = 1, #grown, 2 do
          args[#args + 1], args[#args + 2], args[#args + 3], args[#args + 4] = 'INCRBY', 'i64', '#' .. n + grown[k], grown[k + 1]
        end
      end
      redis.pcall('BITFIELD', sums.tally, unpack(args))
      redis.call('HDEL', sums.tallied, all[i])
      freed[#freed + 1] = slot
    end
  end
  local free = redis.call('HGET', sums.tallied, '!free') or ''
  if #freed > 0 then redis.call('HSET', sums.tallied, '!free', table.concat(freed, ' ') .. ' ' .. free) end
end
