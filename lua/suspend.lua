#!lua flags=allow-oom
-- Pauses schedules, or lets them go on with their next tick from now.
-- Returns a word per schedule: OK, ALREADY, UNKNOWN.
local schedule_state = KEYS[1]
local schedule_due = KEYS[2]
local paused = tonumber(ARGV[1]) -- 1, or 0: go on
local first_item = 2 -- ARGV[2...]: schedules

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schedule.lua

touch({ schedule_state }, { schedule_due })
check_numbers(0, paused)
local wanted = paused == 0 and '0' or '1'
local words, now = {}, whole(clock_ms())
for n, name in ipairs(rest_column(first_item, 1, 1)) do
  local schedule = parse_schedule(redis.call('HGET', schedule_state, name))
  words[n] = not schedule and 'UNKNOWN' or schedule.paused == wanted and 'ALREADY' or 'OK'
  if words[n] == 'OK' then
    schedule.paused = wanted
    if schedule.cursor ~= 'end' then
      schedule.cursor, schedule.base = '-', now -- no tick of the pause is made up for
      if wanted == '1' then redis.call('ZREM', schedule_due, name) else redis.call('ZADD', schedule_due, 0, name) end
    end
    redis.call('HSET', schedule_state, name, schedule_text(schedule))
  end
end
return words
