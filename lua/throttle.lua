#!lua flags=allow-oom
-- Running jobs that a limit elsewhere has refused: the limiter that each means gives nothing until then, and
-- the job goes back to its place in the line, the attempt not counted. One without a limiter is scheduled.
-- Returns a word per job: OK, ALREADY, LEASELOST (nothing changed).
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local leases = KEYS[4]
local claims = KEYS[5]
local held = KEYS[6]
local scheduled = KEYS[7]
local progress = KEYS[8]
local replies = KEYS[9]
local counts = KEYS[10]
local wake = KEYS[11]
--# include lib/line_keys.lua
local worker = ARGV[1]
local seq = ARGV[2]
local first_item = 3 -- ARGV[3...]: id, token, retry_after_ms, name of the limit ("": as lib/held_limiters.lua says)

--# include lib/clock.lua
--# include lib/rest.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/wake.lua
--# include lib/vacate.lua
--# include lib/park.lua
--# include lib/held_limiters.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({ jobs, state, claims, held, progress, counts }, { leases, scheduled }, { wake }, stream)
touch_line()
local words = {}
local mine = holders(state, rest_column(first_item, 4, 1), rest_column(first_item, 4, 2), words)
for _, job in ipairs(mine) do check_numbers(0, tonumber(ARGV[first_item + 4 * job.n - 2])) end
if #mine > 0 then
  local now, now_us = clock_both()
  local ids, entries, states, dues, holds, going = {}, {}, {}, {}, {}, {}
  for i, job in ipairs(mine) do ids[i], entries[i] = job.id, job.entry end
  for i, record in ipairs(redis.call('HMGET', jobs, unpack(ids))) do
    local job = mine[i]
    local at, attempt = first_item + 4 * (job.n - 1), job.attempt - 1
    local after_ms, order = tonumber(ARGV[at + 2]), string.match(job.entry, '^&(.*)$')
    local _, _, task, options = parse_record(record or '')
    local class = class_of(task or '?', options or '-')
    local limiters = order and meant_limiters(class, ARGV[at + 3]) or {}
    for _, id in ipairs(limiters) do
      holds[#holds + 1] = whole(now_us + after_ms * 1000)
      holds[#holds + 1] = 'h' .. id
    end
    states[2 * i - 1] = job.id
    if #limiters > 0 then
      states[2 * i] = string.format('P %d %d %s refused', attempt, job.crashes, job.entry)
      going[#going + 1] = { id = job.id, class = class, order = order, options = options }
    else
      dues[#dues + 1], dues[#dues + 2] = whole(now + after_ms), job.id
      states[2 * i] = string.format('S %d %d %s snooze', attempt, job.crashes, whole(now + after_ms)) .. (order and ' &' .. order or '')
    end
  end
  vacate(park, mine, false, now_us)
  drop_entries(stream, entries)
  redis.call('HSET', state, unpack(states))
  if #dues > 0 then redis.call('ZADD', scheduled, unpack(dues)) end
  if #holds > 0 then redis.call('ZADD', rates, 'GT', unpack(holds)) end
  park_jobs(park, going, now_us)
  redis.call('HDEL', progress, unpack(ids))
  drop_held(leases, claims, held, mine)
  redis.call('HINCRBY', counts, 'retried', #ids)
  wake_one(wake)
end
remember_reply(replies, worker, seq, words)
return words
