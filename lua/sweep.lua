#!lua flags=allow-oom
-- Removes what has had its time, at most `limit` of each: outcomes, dead jobs, workers long gone, rates of the
-- past (claims do that too, where jobs wait in the line).
-- Returns outcomes removed, dead jobs removed (evicted), workers forgotten, rates forgotten.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local dead = KEYS[4]
local errors = KEYS[5]
local results = KEYS[6]
local results_expiry = KEYS[7]
local workers = KEYS[8]
local worker_info = KEYS[9]
local replies = KEYS[10]
local counts = KEYS[11]
local checkpoints = KEYS[12]
local orders = KEYS[13]
local rates = KEYS[14]
local dead_ttl_ms = tonumber(ARGV[1])
local worker_ttl_ms = tonumber(ARGV[2]) -- how long a worker that counts as dead stays listed
local limit = tonumber(ARGV[3]) -- 1 to 1000

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/count.lua
--# include lib/consumer.lua
--# include lib/write_all.lua

touch({ jobs, state, errors, checkpoints, results, worker_info, replies, orders, counts }, { dead, results_expiry, workers, rates }, {}, stream)
check_numbers(1, dead_ttl_ms, worker_ttl_ms, limit)
local now = clock_ms()
limit = math.min(limit, 1000)

local function before(key, ms)
  return redis.call('ZRANGE', key, '-inf', whole(ms), 'BYSCORE', 'LIMIT', 0, limit)
end

local ended = before(results_expiry, now)
if #ended > 0 then
  redis.call('HDEL', results, unpack(ended))
  redis.call('ZREM', results_expiry, unpack(ended))
end
local buried = before(dead, now - dead_ttl_ms)
if #buried > 0 then
  redis.call('HDEL', jobs, unpack(buried))
  redis.call('HDEL', state, unpack(buried))
  redis.call('HDEL', errors, unpack(buried))
  redis.call('HDEL', checkpoints, unpack(buried))
  redis.call('ZREM', dead, unpack(buried))
  count(counts, 'evicted', #buried)
end
local gone = before(workers, now - worker_ttl_ms)
for _, worker in ipairs(gone) do drop_consumer(stream, worker) end
if #gone > 0 then
  redis.call('ZREM', workers, unpack(gone))
  redis.call('HDEL', worker_info, unpack(gone))
  redis.call('HDEL', replies, unpack(gone))
  redis.call('HDEL', orders, unpack(gone))
end
local past = before(rates, now * 1000)
write_all('ZREM', rates, past)
return { #ended, #buried, #gone, #past }
