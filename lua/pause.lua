#!lua flags=allow-oom
-- Pauses a queue, a task or a lane, at once and until it is resumed: what runs ends, nothing of it is claimed.
-- Returns 1, or 0 where it was paused before.
local jobs = KEYS[1]
local stream = KEYS[2]
local wake = KEYS[3]
--# include lib/line_keys.lua
local what = ARGV[1] -- `pause`, `pause task <task>`, `pause lane <lane>`: the setting
local by = ARGV[2] -- who pauses it; empty: nobody said

--# include lib/clock.lua
--# include lib/tally.lua

touch_line()
touch({ jobs }, {}, { wake }, stream)
if redis.call('HSETNX', limits, what, whole(clock_ms()) .. (by ~= '' and ' ' .. by or '')) == 0 then return 0 end
local is_lane = string.sub(what, 1, 10) == 'pause lane'
tally(limits, is_lane and '!lanes' or '!paused', 1)
if not is_lane then -- claims look at these outside the line too
  redis.call('ZADD', gates, -1, '!paused')
end
return 1
