#!lua flags=allow-oom
-- Ends jobs that have not started, from wherever they wait; the outcome is kept for `result_ttl_ms`.
-- Returns a word per job: OK, RUNNING (not touched), DEAD (not touched), ENDED (or never known).
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4]
local stranded = KEYS[5]
local scheduled = KEYS[6]
local errors = KEYS[7]
local results = KEYS[8]
local results_expiry = KEYS[9]
local waiters = KEYS[10]
local counts = KEYS[11]
local dropped = KEYS[12]
local checkpoints = KEYS[13]
local schedule_ended = KEYS[14]
local wake = KEYS[15]
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local result_ttl_ms = tonumber(ARGV[1])
local results_cap = tonumber(ARGV[2])
local first_item = 3 -- ARGV[3...]: ids
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/entries.lua
--# include lib/outcome.lua
--# include lib/notify.lua
--# include lib/unpark.lua
--# include lib/vacate.lua
--# include lib/tally_count.lua

touch({ jobs, state, errors, checkpoints, results, waiters, counts }, { returned, stranded, scheduled, results_expiry }, { dropped, wake, schedule_ended }, stream)
touch_line() check_numbers(0, result_ttl_ms, results_cap)
local asked = rest_column(first_item, 1, 1)
local states, records = redis.call('HMGET', state, unpack(asked)), redis.call('HMGET', jobs, unpack(asked))
local now, words = clock_ms(), {}
local ids, entries, texts, kept, members, seen, lines, going, gone, batch = {}, {}, {}, {}, {}, {}, {}, {}, {}, {}
for i, id in ipairs(asked) do
  local place, attempt, _, entry = parse_state(states[i])
  if not records[i] or seen[id] then
    words[i] = 'ENDED'
  elseif place == 'R' then
    words[i] = 'RUNNING'
  elseif place == 'D' then
    words[i] = 'DEAD'
  else
    local _, where, task, options = parse_record(records[i])
    local n = #ids + 1
    task = task or '?' -- a damaged record
    words[i], seen[id], ids[n] = 'OK', true, id
    entry = entry or where or ''
    if string.find(entry, '^%d+%-%d+$') then entries[#entries + 1] = entry end
    local in_line = string.byte(entry) == 38
    if in_line and place ~= 'N' then going[#going + 1] = { id = id, class = class_of(task, options), order = string.sub(entry, 2) } end
    if in_line or (options and options ~= '-') then gone[#gone + 1] = { id = id, entry = entry, marked = true } end
    if place == 'H' then redis.call('HDEL', heirs, (unique_of(options))) end
    texts[n] = outcome_text('cancelled', whole(now), attempt or 0, 0, task, '')
    kept[n] = { id, texts[n], result_ttl_ms }
    members[n] = task .. ' ' .. id
    tally_add(batch, task, tally_fields.cancelled, 1)
    lines[n] = id .. ' cancelled ' .. (attempt or 0) .. ' 0 ' .. whole(now) .. ' ' .. task
  end
end
if #ids > 0 then
  unpark_jobs(park, going, now * 1000)
  park.state, park.scheduled, park.counts = state, scheduled, counts
  vacate(park, gone, true, now * 1000)
  push_ended(dropped, lines, schedule_ended)
  drop_entries(stream, entries)
  redis.call('ZREM', returned, unpack(ids))
  redis.call('ZREM', stranded, unpack(members))
  redis.call('ZREM', scheduled, unpack(ids))
  for _, key in ipairs({ jobs, state, errors, checkpoints }) do redis.call('HDEL', key, unpack(ids)) end
  keep_outcomes(results, results_expiry, counts, kept, now, results_cap)
  notify(waiters, ids, texts)
  redis.call('HINCRBY', counts, 'cancelled', #ids)
  tally_write(sums, batch, now)
end
return words
