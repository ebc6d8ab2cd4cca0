#!lua flags=allow-oom
-- Starts no more jobs of the queue, of one task or of one lane, from the next claim on. What runs finishes.
-- Returns 1, or 0 where that was so before.
local limits = KEYS[1] -- hash; `!paused`: how many of its pauses concern jobs in the stream
local gates = KEYS[2]
local what = ARGV[1] -- queue, task or lane
local which = ARGV[2] -- name of the task or lane

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/pauses.lua

local field = pause_field(what, which)
touch({ limits }, { gates })
if redis.call('HEXISTS', limits, field) == 1 then return 0 end
redis.call('HSET', limits, field, whole(clock_ms()))
if what ~= 'lane' then -- its gate stands before all others, so that a claim sees it
  redis.call('HINCRBY', limits, '!paused', 1)
  redis.call('ZADD', gates, '-inf', '!paused')
end
return 1
