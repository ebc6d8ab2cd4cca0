#!lua flags=allow-oom
-- Sets aside running jobs whose task their worker doesn't know, the attempt not counted: from there only
-- a worker that names the task claims them.
-- Returns a word per job: OK, CANCELLED (that was asked for, and it has ended so), ALREADY, LEASELOST.
local state = KEYS[1]
local stream = KEYS[2]
local stranded = KEYS[3] -- zset, "task id"
local replies = KEYS[4]
local wake = KEYS[5]
local jobs = KEYS[6]
local scheduled = KEYS[7]
--# include lib/ending_keys.lua
local worker = ARGV[1]
local seq = ARGV[2]
local first_item = 3 -- ARGV[3...]: id, token, task

--# include lib/rest.lua
--# include lib/replay.lua
--# include lib/end_asked.lua
--# include lib/write_all.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({}, { stranded })
touch_ending()
local words = {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
local now, now_us = clock_both()
mine = end_asked(ending, mine, words, now)
if #mine > 0 then
  local states, members, entries, ids, out = {}, {}, {}, {}, {}
  for i, job in ipairs(mine) do
    local task = ARGV[first_item + 3 * job.n - 1]
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('N %d %d %s %s', job.attempt - 1, job.crashes, job.entry, task)
    members[2 * i - 1] = 0
    members[2 * i] = task .. ' ' .. job.id
    entries[i], ids[i] = job.entry, job.id
    if string.byte(job.entry) == 38 then
      out[#out + 1] = 0
      out[#out + 1] = job.id
    end
  end
  vacate(park, mine, false, now_us)
  write_all('ZADD', pumped, out) -- it still has no entry
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', stranded, unpack(members))
  redis.call('HDEL', progress, unpack(ids))
  own_entries(stream, '~stranded', in_stream(entries))
  drop_held(leases, claims, held, mine)
  redis.call('HINCRBY', counts, 'stranded', #mine)
  wake_one(wake)
end
remember_reply(replies, worker, seq, words)
return words
