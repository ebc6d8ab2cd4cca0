#!lua flags=allow-oom
-- Ends a pause.
-- Returns 1, or 0 where there was none.
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local what = ARGV[1] -- as pause.lua takes it

--# include lib/clock.lua
--# include lib/tally.lua
--# include lib/wake.lua

touch_line()
touch({ jobs }, {}, { wake }, stream)
if redis.call('HDEL', limits, what) == 0 then return 0 end
local kind, name = string.match(what, '^pause (%a)%a+ (.*)$')
if tally(limits, kind == 'l' and '!lanes' or '!paused', -1) and kind ~= 'l' then
  redis.call('ZREM', gates, '!paused')
end
if kind then redis.call('ZADD', gates, 'XX', whole(clock_us()), string.upper(kind) .. name) end
wake_one(wake)
return 1
