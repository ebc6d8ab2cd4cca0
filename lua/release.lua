#!lua flags=allow-oom
-- Hands running jobs back: claimable at once, in their old place, the attempt not counted. A job whose
-- run was ended by a crash of its process is counted as crashed, and dead as `poison` at its bound.
-- Returns a word per job: OK, POISON (dead now), ALREADY, LEASELOST.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4] -- zset, id by place in the stream
local leases = KEYS[5]
local claims = KEYS[6]
local held = KEYS[7]
local dead = KEYS[8]
local errors = KEYS[9]
local progress = KEYS[10]
local waiters = KEYS[11]
local policy = KEYS[12] -- hash, task -> options as JSON
local replies = KEYS[13]
local counts = KEYS[14]
local dropped = KEYS[15]
local wake = KEYS[16]
local checkpoints = KEYS[17]
local schedule_ended = KEYS[18]
local scheduled = KEYS[19]
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local worker = ARGV[1]
local seq = ARGV[2]
local dead_cap = tonumber(ARGV[3])
local first_item = 4 -- ARGV[4...]: id, token, crashed (1|0)

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/outcome.lua
--# include lib/notify.lua
--# include lib/count.lua
--# include lib/grave.lua
--# include lib/returned.lua
--# include lib/bound.lua
--# include lib/crash.lua
--# include lib/vacate.lua
--# include lib/wake.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({ jobs, state, claims, held, errors, progress, checkpoints, waiters, policy, counts }, { returned, leases, dead, scheduled }, { dropped, wake, schedule_ended }, stream)
touch_line()
check_numbers(0, dead_cap)
local words = {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
if #mine > 0 then
  for _, job in ipairs(mine) do
    job.crashed = ARGV[first_item + 3 * job.n - 1] == '1'
    job.reason = job.crashed and 'crashed' or 'released'
    job.lost = job.crashed
  end
  drop_held(leases, claims, held, mine)
  park.state, park.scheduled, park.counts = state, scheduled, counts
  local keys = { jobs = jobs, state = state, stream = stream, returned = returned, dead = dead, errors = errors,
    progress = progress, checkpoints = checkpoints, waiters = waiters, policy = policy, counts = counts, dropped = dropped,
    schedule_ended = schedule_ended, park = park, sums = sums }
  local poisoned = back_or_poison(keys, mine, clock_ms(), dead_cap)
  for _, job in ipairs(poisoned) do words[job.n] = 'POISON' end
  count(counts, 'released', #mine - #poisoned)
  wake_one(wake)
end
remember_reply(replies, worker, seq, words)
return words
