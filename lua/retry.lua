#!lua flags=allow-oom
-- Schedules running jobs to run again later; a counted attempt stays counted, a snooze does not.
-- Returns a word per job: OK, CANCELLED (that was asked for, and it has ended so), ALREADY, LEASELOST.
local state = KEYS[1]
local stream = KEYS[2]
local scheduled = KEYS[3] -- zset, id by due time
local replies = KEYS[4]
local wake = KEYS[5]
local jobs = KEYS[6]
--# include lib/ending_keys.lua
local worker = ARGV[1]
local seq = ARGV[2] -- number of this worker's settling call
local first_item = 3 -- ARGV[3...]: id, token, delay_ms, counted (1|0), reason (retry|snooze), error bytes ("": none), task

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/replay.lua
--# include lib/end_asked.lua
--# include lib/runs.lua
--# include lib/tally_ran.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch_ending()
local words = {}
local mine = holders(state, rest_column(first_item, 7, 1), rest_column(first_item, 7, 2), words)
local now = clock_ms()
for _, job in ipairs(mine) do check_numbers(-9007199254740992, tonumber(ARGV[first_item + 7 * (job.n - 1) + 2])) end
mine = end_asked(ending, mine, words, now)
if #mine > 0 then
  local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
  local head_due, earlier = tonumber(head[2]) or math.huge, false
  local ids, entries, states, dues, failed, ran = {}, {}, {}, {}, {}, {}
  for i, job in ipairs(mine) do
    local at = first_item + 7 * (job.n - 1)
    local delay_ms, counted, reason, failure = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    local due = now + math.max(0, tonumber(delay_ms))
    local attempt = counted == '1' and job.attempt or job.attempt - 1
    earlier = earlier or due < head_due
    ids[i], entries[i] = job.id, job.entry
    tally_group(ran, ARGV[at + 6], now - (tonumber(job.since) or now))
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('S %d %d %s %s', attempt, job.crashes, whole(due), reason)
      .. (string.byte(job.entry) == 38 and ' ' .. job.entry or '')
    dues[2 * i - 1] = whole(due)
    dues[2 * i] = job.id
    job.reason, job.error, job.worker = reason, failure, worker
    if failure ~= '' then failed[#failed + 1] = job end
  end
  vacate(park, mine, 'retry', now * 1000)
  drop_entries(stream, entries)
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', scheduled, unpack(dues))
  keep_runs(errors, failed, now)
  redis.call('HDEL', progress, unpack(ids))
  drop_held(leases, claims, held, mine)
  redis.call('HINCRBY', counts, 'retried', #ids)
  tally_ran(sums, ran, tally_fields.retried, now)
  if earlier then wake_one(wake) end
end
remember_reply(replies, worker, seq, words)
return words
