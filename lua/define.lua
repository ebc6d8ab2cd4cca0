#!lua
-- Makes a schedule at run time, or gives it another definition. No `allow-oom`: it adds.
-- Returns OK, or STALE: it has another version than the one that was read, nothing changed. Errors: SCHEMA.
local schema = KEYS[1]
local schedules = KEYS[2]
local schedule_state = KEYS[3]
local schedule_due = KEYS[4]
local schedule = ARGV[1]
local version = tonumber(ARGV[2]) -- that was read; 0: it is not to be there yet
local timing = ARGV[3] -- digest of its timing
local definition = ARGV[4]

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/schedule.lua
--# include lib/redefine.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ schedules, schedule_state }, { schedule_due })
check_numbers(0, version)
local old = parse_schedule(redis.call('HGET', schedule_state, schedule))
local current = redis.call('HGET', schedules, schedule) or ''
if old and string.match(current, '^%S+\n$') and version == 0 then version = tonumber(old.version) end -- moved away
if version ~= tonumber(old and old.version or 0) then
  -- Again after a lost reply finds its own work.
  return old and tonumber(old.version) == version + 1 and current == '-\n' .. definition and 'OK' or 'STALE'
end
if new_queue then redis.call('SET', schema, '1') end
redefine({ schedules = schedules, schedule_state = schedule_state, schedule_due = schedule_due },
  schedule, old, '-', timing, definition, whole(clock_ms()))
return 'OK'
