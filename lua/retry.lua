#!lua flags=allow-oom
-- Schedules running jobs to run again later; a counted attempt stays counted, a snooze does not.
-- Returns a word per job: OK, ALREADY, LEASELOST (nothing changed).
local state = KEYS[1]
local stream = KEYS[2]
local leases = KEYS[3]
local claims = KEYS[4]
local held = KEYS[5]
local scheduled = KEYS[6] -- zset, id by due time
local errors = KEYS[7] -- hash, id -> the last failure
local progress = KEYS[8]
local replies = KEYS[9]
local counts = KEYS[10]
local wake = KEYS[11]
local jobs = KEYS[12]
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local worker = ARGV[1]
local seq = ARGV[2] -- number of this worker's settling call
local first_item = 3 -- ARGV[3...]: id, token, delay_ms, counted (1|0), reason (retry|snooze), error bytes ("": none), task

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/wake.lua
--# include lib/vacate.lua
--# include lib/tally_ran.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({ jobs, state, claims, held, errors, progress, counts }, { leases, scheduled }, { wake }, stream)
touch_line()
local words = {}
local mine = holders(state, rest_column(first_item, 7, 1), rest_column(first_item, 7, 2), words)
if #mine > 0 then
  local now = clock_ms()
  local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
  local head_due, earlier = tonumber(head[2]) or math.huge, false
  local ids, entries, states, dues, texts, ran = {}, {}, {}, {}, {}, {}
  for i, job in ipairs(mine) do
    local at = first_item + 7 * (job.n - 1)
    local delay_ms, counted, reason, failure = ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5]
    check_numbers(-9007199254740992, tonumber(delay_ms))
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
    if failure ~= '' then
      texts[#texts + 1] = job.id
      texts[#texts + 1] = failure
    end
  end
  park.state, park.scheduled, park.counts = state, scheduled, counts
  vacate(park, mine, 'retry', now * 1000)
  drop_entries(stream, entries)
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', scheduled, unpack(dues))
  if #texts > 0 then redis.call('HSET', errors, unpack(texts)) end
  redis.call('HDEL', progress, unpack(ids))
  drop_held(leases, claims, held, mine)
  redis.call('HINCRBY', counts, 'retried', #ids)
  tally_ran(sums, ran, tally_fields.retried, now)
  if earlier then wake_one(wake) end
end
remember_reply(replies, worker, seq, words)
return words
