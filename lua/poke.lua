#!lua flags=allow-oom
-- Has claims look at once at the gates of a limit, or of each of its keys: it was changed. What a rate has
-- given counts as if it had been what it is now: nobody waits out the interval of before.
-- Returns the cursor of the next step (empty: this was the last).
local line = KEYS[1]
local gates = KEYS[2] -- zset, gate by the instant at which to look
local wake = KEYS[3]
local rates = KEYS[4]
local limits = KEYS[5]
local limiter = ARGV[1] -- kind and name
local cursor = ARGV[2] -- empty: the first step
local limit = tonumber(ARGV[3]) -- gates, 1 to 100

--# include lib/touch.lua
--# include lib/number.lua
--# include lib/wake.lua
--# include lib/clock.lua
--# include lib/settings.lua
--# include lib/limiter_ids.lua

check_numbers(1, limit)
touch({ limits }, { gates, rates }, { wake })
local found, last = limiter_ids(line, limiter, cursor, math.min(limit, 100))
local due, most = {}, {}
for i, gate in ipairs(found) do due[2 * i - 1], due[2 * i] = 0, gate end
local name = string.sub(limiter, 2)
local interval, burst = string.match(read_settings(limits, { name })(name) or '', '^r (%S+) (%S+)$')
if interval and string.byte(limiter) == 114 then
  local latest = whole(clock_us() + tonumber(interval) * tonumber(burst))
  if cursor == '' then most = { latest, limiter } end -- also where nobody waits
  for _, gate in ipairs(found) do most[#most + 1], most[#most + 2] = latest, gate end
  redis.call('ZADD', rates, 'XX', 'LT', unpack(most))
end
if #due > 0 then
  redis.call('ZADD', gates, 'XX', unpack(due))
  wake_one(wake)
end
return last
