#!lua flags=allow-oom
-- Undoes pause.
-- Returns 1, or 0 where nothing was paused.
local limits = KEYS[1]
local gates = KEYS[2]
local wake = KEYS[3]
local what = ARGV[1] -- queue, task or lane
local which = ARGV[2]

--# include lib/touch.lua
--# include lib/wake.lua
--# include lib/pauses.lua

local field = pause_field(what, which)
touch({ limits }, { gates }, { wake })
if redis.call('HDEL', limits, field) == 0 then return 0 end
if what ~= 'lane' and redis.call('HINCRBY', limits, '!paused', -1) <= 0 then
  redis.call('HDEL', limits, '!paused')
  redis.call('ZREM', gates, '!paused')
end
if what ~= 'queue' then redis.call('ZADD', gates, 'XX', 0, (what == 'task' and 'T' or 'L') .. which) end
wake_one(wake)
return 1
