#!lua flags=allow-oom
-- Deletes dead jobs, with their records, their errors and what they said.
-- Returns a word per job: OK, or ENDED where no such dead job is.
local jobs = KEYS[1]
local state = KEYS[2]
local dead = KEYS[3]
local errors = KEYS[4]
local counts = KEYS[5]
local checkpoints = KEYS[6]
local first_trail = 7 -- KEYS[7...]: what each job said, streams, the same number of each
local first_item = 1 -- ARGV[1...]: ids

--# include lib/touch.lua
--# include lib/rest.lua
--# include lib/drop_trails.lua

touch({ jobs, state, errors, checkpoints, counts }, { dead })
local asked = rest_column(first_item, 1, 1)
local each = trails_of_each(KEYS, first_trail, #asked)
local deaths = redis.call('ZMSCORE', dead, unpack(asked))
local words, ids, seen, is_gone = {}, {}, {}, {}
for i, id in ipairs(asked) do
  words[i] = deaths[i] and not seen[id] and 'OK' or 'ENDED'
  if words[i] == 'OK' then
    seen[id], is_gone[i] = true, true
    ids[#ids + 1] = id
  end
end
if #ids > 0 then
  redis.call('HDEL', jobs, unpack(ids))
  redis.call('HDEL', state, unpack(ids))
  redis.call('HDEL', errors, unpack(ids))
  redis.call('HDEL', checkpoints, unpack(ids))
  redis.call('ZREM', dead, unpack(ids))
  redis.call('HINCRBY', counts, 'deleted', #ids)
  drop_trails(KEYS, first_trail, each, is_gone)
end
return words
