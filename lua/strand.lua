#!lua flags=allow-oom
-- Sets aside running jobs whose task their worker doesn't know, the attempt not counted: from there only
-- a worker that names the task claims them.
-- Returns a word per job: OK, ALREADY, LEASELOST.
local state = KEYS[1]
local stream = KEYS[2]
local stranded = KEYS[3] -- zset, "task id"
local leases = KEYS[4]
local claims = KEYS[5]
local held = KEYS[6]
local progress = KEYS[7]
local replies = KEYS[8]
local counts = KEYS[9]
local wake = KEYS[10]
local jobs = KEYS[11]
--# include lib/line_keys.lua
local worker = ARGV[1]
local seq = ARGV[2]
local first_item = 3 -- ARGV[3...]: id, token, task

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/state.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/replay.lua
--# include lib/wake.lua
--# include lib/clock.lua
--# include lib/vacate.lua

local before = replayed(replies, worker, seq)
if before then return before end
touch({ jobs, state, claims, held, progress, counts }, { stranded, leases }, { wake }, stream)
touch_line()
local words = {}
local mine = holders(state, rest_column(first_item, 3, 1), rest_column(first_item, 3, 2), words)
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
  vacate(park, mine, false, clock_us())
  if #out > 0 then redis.call('ZADD', pumped, unpack(out)) end -- it still has no entry
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
