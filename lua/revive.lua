#!lua
-- Lets dead jobs run again, now, as if they had never run: attempts and crashes start anew. The last
-- failure stays readable until the job succeeds.
-- Returns a word per job: OK, ENDED where no such dead job is, or TAKEN where another job has its unique key.
local state = KEYS[1]
local stream = KEYS[2]
local dead = KEYS[3]
local counts = KEYS[4]
local wake = KEYS[5]
local jobs = KEYS[6]
local unique = KEYS[7]
local first_item = 1 -- ARGV[1...]: ids

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/state.lua
--# include lib/wake.lua
--# include lib/unique.lua
--# include lib/retake.lua

touch({ jobs, state, counts, unique }, { dead }, { wake }, stream)
local asked = rest_column(first_item, 1, 1)
local deaths = redis.call('ZMSCORE', dead, unpack(asked))
local records = redis.call('HMGET', jobs, unpack(asked))
local words, ids, states, seen = {}, {}, {}, {}
for i, id in ipairs(asked) do
  words[i] = deaths[i] and not seen[id] and 'OK' or 'ENDED'
  if words[i] == 'OK' and not retake(unique, counts, id, records[i]) then words[i] = 'TAKEN' end
  if words[i] == 'OK' then
    seen[id] = true
    ids[#ids + 1] = id
    states[#states + 1] = id
    states[#states + 1] = 'W 0 0 ' .. redis.call('XADD', stream, '*', 'i', id) .. ' revived'
  end
end
if #ids > 0 then
  redis.call('HSET', state, unpack(states))
  redis.call('ZREM', dead, unpack(ids))
  redis.call('HINCRBY', counts, 'revived', #ids)
  wake_one(wake)
end
return words
