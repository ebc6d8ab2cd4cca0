#!lua flags=allow-oom
-- Has the gates of a definition's limiters looked at, a page at a time, after its numbers changed. A rate that
-- was lower when it was booked is not waited for longer than the new one asks.
-- Returns the cursor of the next page; empty: done.
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local definition = ARGV[1]
local cursor = ARGV[2] -- empty: from the start
local limit = tonumber(ARGV[3]) -- gates, or rates, 1 to 200

--# include lib/clock.lua
--# include lib/number.lua
--# include lib/settings.lua
--# include lib/wake.lua
--# include lib/gate_walk.lua

touch_line()
touch({ jobs }, {}, { wake }, stream)
check_numbers(1, limit)
limit = math.min(limit, 200)
local now_us = clock_us()
local phase, at = string.match(cursor == '' and 's0' or cursor, '^(.)(.*)$')
if phase == 's' then -- first, or a claim that is woken would close the gate by what was booked before
  local read = redis.call('ZSCAN', rates, at, 'COUNT', limit)
  local interval, burst = string.match(read_settings(limits, { definition })(definition) or '', '^r (%S+) (%S+)$')
  for i = 1, interval and #read[2] or 0, 2 do
    local id, most = read[2][i], now_us + 20000 + interval * burst
    if string.match(id, '^r([^!]*)') == definition and tonumber(read[2][i + 1]) > most then
      redis.call('ZADD', rates, whole(most), id)
    end
  end
  return read[1] == '0' and 'r' or 's' .. read[1]
end
local found, after = walk_gates(turns, phase .. definition, at, limit)
local pokes = {}
for i, gate in ipairs(found) do pokes[2 * i - 1], pokes[2 * i] = whole(now_us), gate end
if #pokes > 0 then
  redis.call('ZADD', gates, 'XX', unpack(pokes))
  wake_one(wake)
end
if after then return phase .. after end
return phase == 'r' and 'c' or ''
