#!lua flags=allow-oom
-- Removes kept outcomes before their time. A job that has not ended is not touched.
-- Returns how many were removed.
local results = KEYS[1]
local results_expiry = KEYS[2]
local first_item = 1 -- ARGV[1...]: ids

--# include lib/touch.lua
--# include lib/rest.lua

touch({ results }, { results_expiry })
local ids = rest_column(first_item, 1, 1)
redis.call('ZREM', results_expiry, unpack(ids))
return redis.call('HDEL', results, unpack(ids))
