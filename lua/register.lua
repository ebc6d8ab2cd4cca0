#!lua flags=allow-oom
-- Makes a worker known, with what it is and the options of the tasks that it knows; makes the group
-- (from 0: what was enqueued before counts too). Again renews it. Allowed on a full server, or a worker
-- started there could not drain it.
-- Returns OK. Errors: SCHEMA.
local schema = KEYS[1]
local stream = KEYS[2]
local workers = KEYS[3] -- zset, worker by the time until which it counts as alive
local worker_info = KEYS[4] -- hash, worker -> JSON
local policy = KEYS[5] -- hash, task -> JSON
local worker = ARGV[1]
local alive_ms = tonumber(ARGV[2])
local info = ARGV[3]
local first_item = 4 -- ARGV[4...]: task, options as JSON; none is fine

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/schema.lua

local refused, new_queue = check_schema(schema)
if refused then return refused end
touch({ worker_info, policy }, { workers })
check_numbers(1, alive_ms)
if (#ARGV - first_item + 1) % 2 ~= 0 then error('a text for each task expected') end
local made = redis.pcall('XGROUP', 'CREATE', stream, 'workers', '0', 'MKSTREAM')
if made.err and not string.find(made.err, 'BUSYGROUP') then return made end
if new_queue then redis.call('SET', schema, '1') end
redis.call('ZADD', workers, whole(clock_ms() + alive_ms), worker)
redis.call('HSET', worker_info, worker, info)
for i = first_item, #ARGV, 2 do redis.call('HSET', policy, ARGV[i], ARGV[i + 1]) end
return 'OK'
