#!lua flags=allow-oom
-- Tells a worker what to do, which looks every two seconds: `quiet` (claim nothing more), `stop` (end, as after
-- SIGTERM), or `resume` (claim again: the order is gone). The last one holds.
-- Returns OK; ALREADY where that was told before; or UNKNOWN for a worker that isn't known here, or counts as dead.
local workers = KEYS[1] -- zset, worker by the time until which it counts as alive
local orders = KEYS[2] -- hash, worker -> quiet | stop
local worker = ARGV[1]
local order = ARGV[2]

--# include lib/clock.lua

if order ~= 'quiet' and order ~= 'stop' and order ~= 'resume' then error('no such order') end
local alive_until = tonumber(redis.call('ZSCORE', workers, worker) or 0)
if alive_until < clock_ms() then return 'UNKNOWN' end
local told = redis.call('HGET', orders, worker) or 'resume'
if told == order then return 'ALREADY' end
if order == 'resume' then redis.call('HDEL', orders, worker) else redis.call('HSET', orders, worker, order) end
return 'OK'
