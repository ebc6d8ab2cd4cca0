#!lua flags=allow-oom
-- Ends running jobs as dead, with the failure that ended them; record and error stay readable.
-- Returns how many older dead jobs the cap removed, then a word per job: OK, ALREADY, LEASELOST.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local leases = KEYS[4]
local claims = KEYS[5]
local held = KEYS[6]
local dead = KEYS[7] -- zset, id by time of death
local errors = KEYS[8]
local progress = KEYS[9]
local waiters = KEYS[10]
local replies = KEYS[11]
local counts = KEYS[12]
local scheduled = KEYS[13]
local wake = KEYS[14]
local checkpoints = KEYS[15]
--# include lib/run_keys.lua
--# include lib/tally_keys.lua
--# include lib/follow_keys.lua
local first_ended = 0 -- KEYS[+...]: `schedule_ended`, then the list of ended jobs of each task named
local worker = ARGV[1]
local seq = ARGV[2]
local dead_cap = tonumber(ARGV[3])
local follow_ups = ARGV[4] -- what lib/follow.lua takes
local first_item = 5 -- ARGV[5...]: id, token, reason, run_ms, ended (index among those keys), error bytes

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/outcome.lua
--# include lib/notify.lua
--# include lib/grave.lua
--# include lib/follow.lua
--# include lib/vacate.lua
--# include lib/tally_ran.lua

local before = replayed(replies, worker, seq)
if before then return { 0, unpack(before) } end
touch({ jobs, state, claims, held, errors, progress, checkpoints, waiters, counts }, { leases, dead, scheduled }, { unpack(KEYS, first_ended) }, stream)
check_numbers(0, dead_cap)
local words = {}
local mine = holders(state, rest_column(first_item, 6, 1), rest_column(first_item, 6, 2), words)
local now = clock_ms()
local follow = read_follow(follow_keys, follow_ups, words, now)
local ids, entries, texts, ended_jobs, ran = {}, {}, {}, {}, {}
for i, job in ipairs(mine) do
  local at = first_item + 6 * (job.n - 1)
  local reason, run_ms, ended, failure = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
  local list = KEYS[first_ended + ended - 1]
  local task = string.match(list, '}:ended:(.+)$')
  tally_group(ran, task, run_ms)
  ids[i], entries[i] = job.id, job.entry
  job.reason, job.error, job.worker = reason, failure, worker
  texts[i] = outcome_text('failed', whole(now), job.attempt, run_ms, task, failure)
  ended_jobs[list] = ended_jobs[list] or {}
  table.insert(ended_jobs[list], job.id .. ' failed ' .. job.attempt .. ' ' .. run_ms .. ' ' .. whole(now))
end
park.state, park.scheduled, park.counts = state, scheduled, counts
vacate(park, mine, true, now * 1000)
drop_entries(stream, entries)
for list, lines in pairs(ended_jobs) do push_ended(list, lines, KEYS[first_ended]) end
drop_held(leases, claims, held, mine)
local evicted = bury_jobs(jobs, state, dead, errors, progress, checkpoints, mine, now, dead_cap)
notify(waiters, ids, texts)
count(counts, 'died', #ids, 'evicted', evicted)
tally_ran(sums, ran, tally_fields.dead, now)
write_follow(follow)
remember_reply(replies, worker, seq, words)
return { evicted, unpack(words) }
