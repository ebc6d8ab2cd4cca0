#!lua
-- Lets dead jobs run again, now, as if they had never run: attempts and crashes start anew. The last
-- failure stays readable until the job succeeds.
-- Returns a word per job: OK, or ENDED where no such dead job is.
local state = KEYS[1]
local stream = KEYS[2]
local dead = KEYS[3]
local counts = KEYS[4]
local wake = KEYS[5]
local jobs = KEYS[6]
--# include lib/line_keys.lua
local first_item = 1 -- ARGV[1...]: ids

--# include lib/rest.lua
--# include lib/wake.lua
--# include lib/place.lua

touch({ state, counts, jobs }, { dead }, { wake }, stream)
touch_line()
local asked = rest_column(first_item, 1, 1)
local deaths, records = redis.call('ZMSCORE', dead, unpack(asked)), redis.call('HMGET', jobs, unpack(asked))
local words, ids, states, going, seen = {}, {}, {}, {}, {}
for i, id in ipairs(asked) do
  words[i] = deaths[i] and not seen[id] and 'OK' or 'ENDED'
  if words[i] == 'OK' then
    local _, _, task, options = parse_record(records[i] or '')
    seen[id], ids[#ids + 1] = true, id
    going[#going + 1] = { id = id, task = task or '?', options = options or '-' }
  end
end
place_jobs(park, going, clock_us())
for i, job in ipairs(going) do
  states[2 * i - 1] = job.id
  states[2 * i] = (job.class and 'P' or 'W') .. ' 0 0 ' .. job.entry .. ' revived'
end
if #ids > 0 then
  redis.call('HSET', state, unpack(states))
  redis.call('ZREM', dead, unpack(ids))
  redis.call('HINCRBY', counts, 'revived', #ids)
  wake_one(wake)
end
return words
