#!lua flags=allow-oom
-- Has the gates of a definition's limiters looked at, a page at a time, after its numbers changed. A rate that
-- was lower when it was booked is not waited for longer than the new one asks. Of `aging`, all that is parked.
-- Returns the cursor of the next page; empty: done.
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local definition = ARGV[1] -- or one key of it, behind `!`
local cursor = ARGV[2] -- empty: from the start
local limit = tonumber(ARGV[3]) -- gates, or rates, 1 to 200

--# include lib/clock.lua
--# include lib/number.lua
--# include lib/settings.lua
--# include lib/wake.lua
--# include lib/gate_walk.lua
--# include lib/spacing.lua
--# include lib/age_parked.lua

touch_line()
touch({ jobs }, {}, { wake }, stream)
check_numbers(1, limit)
limit = math.min(limit, 200)
if definition == 'aging' then
  local after = age_parked(park, cursor, limit)
  if not after then wake_one(wake) end
  return after or ''
end
local now_us = clock_us()
local phase, at = string.match(cursor == '' and 's0' or cursor, '^(.)(.*)$')
if phase == 's' then -- first, or a claim that is woken would close the gate by what was booked before
  local read = redis.call('ZSCAN', rates, at, 'COUNT', limit)
  local general = string.match(definition, '^[^!]*')
  local names = { definition, general }
  for i = 1, #read[2], 2 do names[#names + 1] = string.sub(read[2][i], 2) end
  local settings = read_settings(limits, names)
  for i = 1, #read[2], 2 do
    local name = string.sub(read[2][i], 2)
    local meant = name == definition or string.match(name, '^[^!]*') == definition
    local text = settings(name) or settings(general) or ''
    local interval, burst = string.match(meant and text or '', '^r (%S+) (%S+)$')
    local most = interval and now_us + 30000 + spacing(tonumber(interval)) * burst
    if most and string.byte(read[2][i]) == 114 and tonumber(read[2][i + 1]) > most then
      redis.call('ZADD', rates, whole(most), read[2][i])
    end
  end
  return read[1] == '0' and 'r' or 's' .. read[1]
end
local found, after = walk_gates(turns, phase == 'o' and 'o' or phase .. definition, at, limit)
local pokes = {}
for i, gate in ipairs(found) do pokes[2 * i - 1], pokes[2 * i] = whole(now_us), gate end
if #found > 0 then
  redis.call('ZADD', gates, 'XX', unpack(pokes))
  wake_one(wake)
end
if after then return phase .. after end
return ({ r = 'c', c = 'o', o = '' })[phase] -- an ordered lane waits for its first job's limiters
