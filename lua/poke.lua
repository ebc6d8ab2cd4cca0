#!lua flags=allow-oom
-- Has claims look at once at the gates of a limit, or of each of its keys: it was changed.
-- Returns the cursor of the next step (empty: this was the last).
local line = KEYS[1]
local gates = KEYS[2] -- zset, gate by the instant at which to look
local wake = KEYS[3]
local limiter = ARGV[1] -- kind and name
local cursor = ARGV[2] -- empty: the first step
local limit = tonumber(ARGV[3]) -- gates, 1 to 100

--# include lib/touch.lua
--# include lib/number.lua
--# include lib/wake.lua
--# include lib/limiter_ids.lua

check_numbers(1, limit)
touch({}, { gates }, { wake })
local found, last = limiter_ids(line, limiter, cursor, math.min(limit, 100))
local due = {}
for i, gate in ipairs(found) do due[2 * i - 1], due[2 * i] = 0, gate end
if #due > 0 then
  redis.call('ZADD', gates, 'XX', unpack(due))
  wake_one(wake)
end
return last
