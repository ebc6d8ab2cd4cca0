#!lua flags=allow-oom
-- Removes kept outcomes before their time, with what the jobs said. A job that has not ended is not touched.
-- Returns how many were removed.
local results = KEYS[1]
local results_expiry = KEYS[2]
local first_trail = 3 -- KEYS[3...]: what each job said, streams, the same number of each
local first_item = 1 -- ARGV[1...]: ids

--# include lib/rest.lua
--# include lib/drop_trails.lua

local ids, is_gone = rest_column(first_item, 1, 1), {}
local each = trails_of_each(KEYS, first_trail, #ids)
for i, outcome in ipairs(redis.call('HMGET', results, unpack(ids))) do is_gone[i] = outcome and true or nil end
redis.call('ZREM', results_expiry, unpack(ids))
drop_trails(KEYS, first_trail, each, is_gone)
return redis.call('HDEL', results, unpack(ids))
