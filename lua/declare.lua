#!lua flags=allow-oom
-- The schedules that a worker's code declares. The newest declaration is a schedule's definition: the one
-- first seen last, among those that some worker still declares. Again renews them.
-- Returns a word per schedule: OK (it is the definition now), SAME (it was already), OLDER (another one is),
-- UNKNOWN (what it says has moved was never here). Errors: SCHEMA.
local schema = KEYS[1]
local schedules = KEYS[2] -- hash, schedule -> fingerprint of the declaration, or `-`; then the definition
local schedule_state = KEYS[3] -- hash, schedule -> state
local schedule_due = KEYS[4] -- zset, schedule by when to look at it
local schedule_seen = KEYS[5] -- hash, schedule -> declarations
local hold_ms = tonumber(ARGV[1]) -- one not renewed for so long is declared by nobody
local forget_ms = tonumber(ARGV[2]) -- and after this it is as if it had never been seen
local first_item = 3 -- ARGV[3...]: schedule, fingerprint, digest of its timing, definition (empty: moved away)

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/schedule.lua
--# include lib/redefine.lua
--# include lib/seen.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ schedules, schedule_state, schedule_seen }, { schedule_due })
check_numbers(1, hold_ms, forget_ms)
local keys = { schedules = schedules, schedule_state = schedule_state, schedule_due = schedule_due }
local words = {}
local names = rest_column(first_item, 4, 1)
local now = clock_ms()
for n, name in ipairs(names) do
  local at = first_item + 4 * (n - 1)
  local author, timing, definition = ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local old = parse_schedule(redis.call('HGET', schedule_state, name))
  if definition == '' and not old then
    words[n] = 'UNKNOWN'
  else
    local current = old and string.match(redis.call('HGET', schedules, name) or '', '^(%S+)\n') or ''
    local seen = parse_seen(redis.call('HGET', schedule_seen, name))
    local wins = declared(seen, author, current, now, hold_ms, forget_ms)
    words[n] = wins and 'OK' or current == author and 'SAME' or 'OLDER'
    if new_queue then redis.call('SET', schema, '1') end
    redis.call('HSET', schedule_seen, name, seen_text(seen))
    if wins then redefine(keys, name, old, author, timing, definition, whole(now)) end
  end
end
return words
