#!lua flags=allow-oom
-- Hands running jobs back: claimable at once, in their old place, the attempt not counted. A job whose
-- run was ended by a crash of its process is counted as crashed, and dead as `poison` at its bound; of one that never
-- began the rates have their start back.
-- Returns a word per job: OK, POISON (dead now), CANCELLED (that was asked for, and it has ended so), ALREADY, LEASELOST.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4] -- zset, id by place in the stream
local dead = KEYS[5]
local policy = KEYS[6] -- hash, task -> options as JSON
local replies = KEYS[7]
local wake = KEYS[8]
local scheduled = KEYS[9]
--# include lib/ending_keys.lua
local worker = ARGV[1]
local seq = ARGV[2]
local dead_cap = tonumber(ARGV[3])
local first_item = 4 -- ARGV[4...]: id, token, how (0: it ran; 1: it crashed; 2: it never began)

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/replay.lua
--# include lib/end_asked.lua
--# include lib/count.lua
--# include lib/grave.lua
--# include lib/returned.lua
--# include lib/bound.lua
--# include lib/crash.lua
--# include lib/refund.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({ policy }, { returned, dead })
touch_ending()
check_numbers(0, dead_cap)
local words = {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
local now = clock_ms()
mine = end_asked(ending, mine, words, now)
if #mine > 0 then
  local unused = {}
  for _, job in ipairs(mine) do
    local how = ARGV[first_item + 3 * job.n - 1]
    job.crashed = how == '1'
    if how == '2' and string.byte(job.entry) == 38 then unused[#unused + 1] = job end
    job.reason = job.crashed and 'crashed' or 'released'
    job.lost, job.worker = job.crashed, worker
  end
  drop_held(leases, claims, held, mine)
  ending.returned, ending.dead, ending.policy = returned, dead, policy
  local poisoned = back_or_poison(ending, mine, now, dead_cap)
  for _, job in ipairs(poisoned) do words[job.n] = 'POISON' end
  refund_starts(park, unused, now * 1000)
  count(counts, 'released', #mine - #poisoned)
  wake_one(wake)
end
remember_reply(replies, worker, seq, words)
return words
