#!lua flags=allow-oom
-- Hands back running jobs that were told to come later (an HTTP 429): their limiter is held until then, and they are
-- in their place in the line again, the attempt not counted. A job that has no limiter is scheduled for then.
-- Returns a word per job: OK, CANCELLED (that was asked for, and it has ended so), ALREADY, LEASELOST.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local scheduled = KEYS[4]
local replies = KEYS[5]
local wake = KEYS[6]
--# include lib/ending_keys.lua
local worker = ARGV[1]
local seq = ARGV[2] -- number of this worker's settling call
local first_item = 3 -- ARGV[3...]: id, token, ms from now, the limit's definition ("": see lib/hold.lua)

--# include lib/rest.lua
--# include lib/number.lua
--# include lib/replay.lua
--# include lib/end_asked.lua
--# include lib/park_again.lua
--# include lib/hold.lua
--# include lib/write_all.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch_ending()
local words = {}
local mine = holders(state, rest_column(first_item, 4, 1), rest_column(first_item, 4, 2), words)
local now, now_us = clock_both()
for _, job in ipairs(mine) do check_numbers(0, tonumber(ARGV[first_item + 4 * (job.n - 1) + 2])) end
mine = end_asked(ending, mine, words, now)
if #mine > 0 then
  local ids, entries, states, dues, going, back, later_on = {}, {}, {}, {}, {}, {}, {}
  for i, job in ipairs(mine) do
    local at = first_item + 4 * (job.n - 1)
    job.until_ms, job.limit, ids[i], entries[i] = now + tonumber(ARGV[at + 2]), ARGV[at + 3], job.id, job.entry
  end
  hold_limiters(park, mine)
  for i, job in ipairs(mine) do
    local in_line = job.is_held and string.byte(job.entry) == 38
    local moved = in_line and back or later_on
    moved[#moved + 1] = job
    if in_line then going[#going + 1] = { id = job.id, order = string.sub(job.entry, 2) } end
    if not in_line then dues[#dues + 1], dues[#dues + 2] = whole(job.until_ms), job.id end
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('%s %d %d %s throttled', in_line and 'P' or 'S', job.attempt - 1, job.crashes,
      in_line and job.entry or whole(job.until_ms)) .. (not in_line and string.byte(job.entry) == 38 and ' ' .. job.entry or '')
  end
  vacate(park, back, false, now_us)
  vacate(park, later_on, 'retry', now_us)
  drop_entries(stream, entries)
  redis.call('HSET', state, unpack(states))
  write_all('ZADD', scheduled, dues)
  redis.call('HDEL', progress, unpack(ids))
  park_again(park, going, now_us)
  drop_held(leases, claims, held, mine)
  redis.call('HINCRBY', counts, 'throttled', #ids)
  wake_one(wake)
end
remember_reply(replies, worker, seq, words)
return words
