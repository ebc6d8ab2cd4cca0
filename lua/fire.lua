#!lua
-- Makes the jobs of a schedule's ticks and moves its cursor on, in one step: who comes second finds another
-- cursor, and changes nothing. The jobs are due at once; `promote` takes them where their limits want them.
-- No `allow-oom`: on a full server a tick stays due.
-- Returns STALE: another cursor or version, paused or gone, nothing changed; or OK, then a word per job: OK,
-- HELD (until the run before it has ended), SKIPPED (that one still lives), `TAKEN id` (so does the job that holds its
-- unique key; counted as skipped), ALREADY. Errors: SCHEMA.
local schema = KEYS[1]
local jobs = KEYS[2]
local state = KEYS[3]
local scheduled = KEYS[4]
local counts = KEYS[5]
local wake = KEYS[6]
local schedule_state = KEYS[7]
local schedule_due = KEYS[8]
local schedule_log = KEYS[9] -- hash, schedule -> its last jobs, the newest first
local schedule_runs = KEYS[10]
local schedule_held = KEYS[11]
local unique = KEYS[12]
--# include lib/tally_keys.lua
local schedule = ARGV[1]
local version = ARGV[2] -- of its definition, that the caller read
local cursor = ARGV[3] -- the same; `*`: an extra run, the ticks go on as they are
local next_cursor = ARGV[4] -- ms, or `end`
local look_at = tonumber(ARGV[5]) -- when to look at it next: the next cursor, or later where ticks are spread
local overlap = ARGV[6] -- allow, skip, queue_one
local missed = tonumber(ARGV[7]) -- ticks given up
local first_item = 8 -- ARGV[8...]: id, tick (ms), expires ("-", "+ms", "@ms"), task, opts, body; none is fine
--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/schema.lua
--# include lib/count.lua
--# include lib/at.lua
--# include lib/wake.lua
--# include lib/schedule.lua
--# include lib/run.lua
--# include lib/tally_count.lua
--# include lib/make_runs.lua
local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ jobs, state, counts, schedule_state, schedule_log, schedule_runs, schedule_held, unique },
  { scheduled, schedule_due }, { wake })
check_numbers(0, look_at, missed, next_cursor == 'end' and 0 or tonumber(next_cursor))
local ids = #ARGV >= first_item and rest_column(first_item, 6, 1) or {}
local now, ends = clock_ms(), {}
for n = 1, #ids do
  local item = first_item + 6 * (n - 1)
  check_numbers(0, tonumber(ARGV[item + 1]))
  ends[n] = instant(ARGV[item + 2], now, '-')
  check_run(ARGV[item + 4])
end
local mine = parse_schedule(redis.call('HGET', schedule_state, schedule))
local extra = cursor == '*'
if not mine or mine.version ~= version then return { 'STALE' } end
if not extra and (mine.cursor ~= cursor or mine.paused == '1') then return { 'STALE' } end

if new_queue then redis.call('SET', schema, '1') end
local keys = { jobs = jobs, state = state, scheduled = scheduled, schedule_runs = schedule_runs,
  schedule_held = schedule_held, unique = unique, counts = counts }
local batch = {}
local words, made = make_runs(keys, schedule, mine, ids, first_item, extra and '*' or overlap, now, ends, batch)
count(counts, 'enqueued', #made)
tally_write(sums, batch, now)
if #made > 0 then
  log_runs(schedule_log, schedule_runs, schedule, made)
  wake_one(wake)
end
if not extra then move_on(schedule_due, schedule, mine, next_cursor, look_at, missed) end
redis.call('HSET', schedule_state, schedule, schedule_text(mine))
return words
