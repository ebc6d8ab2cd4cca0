#!lua flags=allow-oom
-- Forgets a worker: from now on it counts as dead, and its leases end in their own time. Its consumer goes
-- only if nothing is pending there (deleting it would destroy those entries).
-- Returns 1 if the worker was known, else 0.
local stream = KEYS[1]
local workers = KEYS[2]
local worker_info = KEYS[3]
local replies = KEYS[4]
local orders = KEYS[5]
local worker = ARGV[1]

--# include lib/touch.lua
--# include lib/consumer.lua

touch({ worker_info, replies, orders }, { workers }, {}, stream)
local known = redis.call('ZREM', workers, worker)
redis.call('HDEL', worker_info, worker)
redis.call('HDEL', replies, worker)
redis.call('HDEL', orders, worker)
drop_consumer(stream, worker)
return known
