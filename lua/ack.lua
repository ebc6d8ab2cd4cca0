#!lua flags=allow-oom
-- Ends jobs as succeeded, in one step with their results: state, stream, counters, whoever waits.
-- Returns a word per job: OK, ALREADY (this call did it before), LEASELOST; or `OK*n` for all n of them.
local jobs = KEYS[1]
local state = KEYS[2] -- hash, id -> state
local stream = KEYS[3]
local leases = KEYS[4] -- zset, token by deadline
local claims = KEYS[5]
local held = KEYS[6]
local errors = KEYS[7]
local progress = KEYS[8]
local results = KEYS[9]
local results_expiry = KEYS[10]
local waiters = KEYS[11]
local replies = KEYS[12]
local counts = KEYS[13]
local scheduled = KEYS[14]
local wake = KEYS[15]
local checkpoints = KEYS[16]
--# include lib/run_keys.lua
--# include lib/tally_keys.lua
--# include lib/follow_keys.lua
local first_ended = 0 -- KEYS[+...]: `schedule_ended`, then the list of ended jobs of each task named
local worker = ARGV[1]
local seq = ARGV[2] -- number of this worker's settling call
local results_cap = tonumber(ARGV[3])
local follow_ups = ARGV[4] -- what lib/follow.lua takes
local first_item = 5 -- ARGV[5...]: id, token, kind (ok|none|unsendable), run_ms, ended, ttl_ms, bytes
-- ended: index among those keys; ttl_ms: how long the outcome is kept, 0 not at all
--# include lib/number.lua
--# include lib/holding.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/outcome.lua
--# include lib/touch_rare.lua
--# include lib/notify.lua
--# include lib/follow.lua when called: read_follow
--# include lib/vacate.lua when called: vacate
--# include lib/beside.lua when called: runs_beside
--# include lib/tally_ran.lua
local before = replayed(replies, worker, seq)
if before then return before end
local sizes = touch({ jobs, claims, held, errors, waiters, counts }, { leases }, { unpack(KEYS, first_ended + 1) }) touch_rare(sizes, { progress, checkpoints }, {}, { KEYS[first_ended] })
check_numbers(0, results_cap)
local words, mine, by_token = holding(state, first_item, 7)
if #mine.ids == 0 then return words end
local ids, now = mine.ids, clock_ms()
local now_text, texts, kept, checked_ttl, ran = whole(now), {}, {}, nil, {}
local ended_by, earlier = ' ' .. now_text .. ' ' .. worker, sizes[errors] > 0 and runs_beside(errors, ids) or {}
local follow = follow_ups ~= '' and read_follow(follow_keys, follow_ups, words, now)
local someone_waits, tasks, summaries = sizes[waiters] > 0, ended_tasks(first_ended)
for i, id in ipairs(ids) do
  local at, attempt = mine.at[i], mine.attempts[i]
  local kind, run_ms, ended, ttl_ms = ARGV[at + 2], ARGV[at + 3], first_ended + ARGV[at + 4] - 1, ARGV[at + 5]
  if ttl_ms ~= '0' or someone_waits then
    texts[i] = outcome_text(kind, now_text, attempt, run_ms, ran_by(tasks[ended], worker), earlier[i] and earlier[i] .. ARGV[at + 6] or ARGV[at + 6])
    if ttl_ms ~= checked_ttl then check_numbers(0, tonumber(ttl_ms)) checked_ttl = ttl_ms end
    if ttl_ms ~= '0' then kept[#kept + 1] = { id, texts[i], tonumber(ttl_ms) } end
  end
  tally_group(ran, tasks[ended], run_ms)
  summaries[ended][#summaries[ended] + 1] = id .. ' ' .. kind .. ' ' .. attempt .. ' ' .. run_ms .. ended_by
end
if #kept > 0 then touch({ results }, { results_expiry }) end -- and `state` was read: the writes begin
park.state, park.scheduled, park.counts = state, scheduled, counts
if #mine.occupying > 0 then vacate(park, mine.occupying, true, now * 1000) end
drop_entries(stream, mine.entries)
redis.call('HDEL', jobs, unpack(ids))
redis.call('HDEL', state, unpack(ids))
for _, key in ipairs({ errors, progress, checkpoints }) do -- errors: a revived job's
  if sizes[key] > 0 then redis.call('HDEL', key, unpack(ids)) end
end
drop_claims(leases, claims, held, by_token)
keep_outcomes(results, results_expiry, counts, kept, now, results_cap)
for i, lines in pairs(summaries) do push_ended(KEYS[i], lines, KEYS[first_ended]) end
if someone_waits then notify(waiters, ids, texts) end
count(counts, 'succeeded', #ids)
tally_ran(sums, ran, tally_fields.succeeded, now)
if follow then follow.write(follow) end
remember_reply(replies, worker, seq, words)
return in_short(words)
