#!lua flags=allow-oom
-- Deletes schedules, with what is known of their runs; their jobs stay as they are.
-- Returns a word per schedule: OK, DECLARED (some worker's code has it), UNKNOWN.
local schedules = KEYS[1]
local schedule_state = KEYS[2]
local schedule_due = KEYS[3]
local schedule_seen = KEYS[4]
local schedule_log = KEYS[5]
local schedule_runs = KEYS[6]
local hold_ms = tonumber(ARGV[1]) -- a declaration counts for so long; 0: delete it in any case
local first_item = 2 -- ARGV[2...]: schedules

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/seen.lua

touch({ schedules, schedule_state, schedule_seen, schedule_log, schedule_runs }, { schedule_due })
check_numbers(0, hold_ms)
local words, now = {}, clock_ms()
for n, name in ipairs(rest_column(first_item, 1, 1)) do
  words[n] = redis.call('HEXISTS', schedule_state, name) == 1 and 'OK' or 'UNKNOWN'
  for _, one in ipairs(parse_seen(redis.call('HGET', schedule_seen, name))) do
    if hold_ms > 0 and one.last >= now - hold_ms then words[n] = 'DECLARED' end
  end
  if words[n] == 'OK' then
    for id in string.gmatch(redis.call('HGET', schedule_log, name) or '', '%S+') do
      redis.call('HDEL', schedule_runs, id)
    end
    for _, key in ipairs({ schedules, schedule_state, schedule_seen, schedule_log }) do
      redis.call('HDEL', key, name)
    end
    redis.call('ZREM', schedule_due, name)
  end
end
return words
