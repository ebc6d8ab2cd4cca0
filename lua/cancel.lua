#!lua flags=allow-oom
-- Ends jobs that have not started, from wherever they wait; the outcome is kept for `result_ttl_ms`. Of a job that
-- runs it notes that its end is asked for: unless it ends by itself first, it ends as cancelled, whatever becomes
-- of its run (lib/end_asked.lua).
-- Returns a word per job: OK (cancelled, now or before), ASKED (it runs), DEAD (not touched), ENDED, UNKNOWN.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4]
local stranded = KEYS[5]
local scheduled = KEYS[6]
local wake = KEYS[7]
--# include lib/ending_keys.lua
local result_ttl_ms = tonumber(ARGV[1])
local results_cap = tonumber(ARGV[2])
local is_told = ARGV[3] -- 1: the worker of a running job is to end it; 0: its run may go on, but is its last
local first_item = 4 -- ARGV[4...]: ids

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/end_cancelled.lua
--# include lib/unpark.lua
--# include lib/ask.lua

touch({}, { returned, stranded })
touch_ending() check_numbers(0, result_ttl_ms, results_cap)
local asked = rest_column(first_item, 1, 1)
local states, records = redis.call('HMGET', state, unpack(asked)), redis.call('HMGET', jobs, unpack(asked))
local outcomes, now, words = redis.call('HMGET', results, unpack(asked)), clock_ms(), {}
local ids, members, seen, going, gone, running = {}, {}, {}, {}, {}, {}
for i, id in ipairs(asked) do
  local place, attempt, _, entry, token = parse_state(states[i])
  if seen[id] then
    words[i] = words[seen[id]]
  elseif not records[i] then
    local kind = string.match(outcomes[i] or '', '^%l+')
    words[i] = kind == 'cancelled' and 'OK' or kind and 'ENDED' or 'UNKNOWN'
  elseif place == 'R' then
    words[i], running[#running + 1] = 'ASKED', { id = id, token = token, text = states[i] }
  elseif place == 'D' then
    words[i] = 'DEAD'
  else
    local _, where, task, options = parse_record(records[i])
    local n = #ids + 1
    task = task or '?' -- a damaged record
    words[i], ids[n] = 'OK', id
    entry = entry or where or ''
    local in_line = string.byte(entry) == 38
    if in_line and place ~= 'N' then going[#going + 1] = { id = id, class = class_of(task, options), order = string.sub(entry, 2) } end
    if place == 'H' then redis.call('HDEL', heirs, (unique_of(options))) end
    gone[n] = { id = id, task = task, attempt = attempt or 0, run_ms = 0, entry = entry, ttl_ms = result_ttl_ms,
      marked = in_line or (options and options ~= '-') }
    members[n] = task .. ' ' .. id
  end
  seen[id] = seen[id] or i
end
if #ids > 0 then
  unpark_jobs(park, going, now * 1000)
  redis.call('ZREM', returned, unpack(ids))
  redis.call('ZREM', stranded, unpack(members))
  redis.call('ZREM', scheduled, unpack(ids))
  end_cancelled(ending, gone, now, results_cap)
end
ask_to_end(ending, running, is_told == '1', string.format('%.0f:%.0f:', result_ttl_ms, results_cap))
return words
