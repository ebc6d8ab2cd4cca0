-- The place of a task that is counted for the first time: its numbers begin at none. The 99 places taken, or no name
-- of a task: 0, where all others are counted together.
local function tally_slot(sums, task)
  if not string.find(task, '^[%w_.:-]+$') then return 0 end
  local found = redis.call('HMGET', sums.tallied, '!slots', '!free')
  local slot, rest = string.match(found[2] or '', '^(%d+) (.*)$')
  slot = tonumber(slot) or tonumber(found[1]) or 1
  if slot >= 100 then return 0 end
  if rest then redis.call('HSET', sums.tallied, '!free', rest, task, slot)
  else redis.call('HSET', sums.tallied, '!slots', slot + 1, task, slot) end
  redis.pcall('SETRANGE', sums.tally, 64 * slot, string.rep('\0', 64))
  redis.pcall('SETRANGE', sums.tally, 6400 + 480 * slot, string.rep('\0', 480))
  return slot
end

-- The numbers of so many tasks, `size` bytes.
local function tally_numbers(sums, from, size)
  local numbers = redis.pcall('GETRANGE', sums.tally, from, from + size - 1)
  if type(numbers) ~= 'string' then numbers = '' end -- a foreign value
  return numbers .. string.rep('\0', size - #numbers)
end

local function tally_counts(sums, slots)
  return tally_numbers(sums, 0, 64 * slots)
end

local function tally_times(sums, slots)
  return tally_numbers(sums, 6400, 480 * slots)
end

-- How much each number grew, as pairs of index and growth. One that is less than it was began anew.
local function tally_growth(old, new, width)
  local layout, grown = '>' .. string.rep('i8', width), {}
  local before, after = { struct.unpack(layout, old) }, { struct.unpack(layout, new) }
  for i = 1, width do
    local n = after[i] - (after[i] < before[i] and 0 or before[i])
    if n > 0 then grown[#grown + 1], grown[#grown + 2] = i - 1, n end
  end
  return grown
end
