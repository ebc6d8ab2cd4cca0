#!lua flags=allow-oom
-- Takes back the claims whose lease has run out, of at most `limit` claims 16 jobs. Keeps its own rhythm:
-- after a gap in it (an outage, a paused server, a clock that jumped) every lease gets one lease of grace.
-- A crash is counted only where the worker is shown dead, by its own absence from `workers`.
-- A job of which that was asked ends as cancelled. Returns jobs handed back, jobs dead as poison, ms until the next
-- lease ends (-1: none), ms of grace left, jobs cancelled; then for each of all these its id and the worker that had it.
local jobs = KEYS[1]
local state = KEYS[2]
local stream = KEYS[3]
local returned = KEYS[4]
local workers = KEYS[5] -- zset, worker by the time until which it counts as alive
local rhythm = KEYS[6] -- hash: last, grace
local dead = KEYS[7]
local policy = KEYS[8]
local wake = KEYS[9]
local scheduled = KEYS[10]
--# include lib/ending_keys.lua
local lease_ms = tonumber(ARGV[1])
local gap_ms = tonumber(ARGV[2]) -- a longer pause between two calls is a gap
local limit = tonumber(ARGV[3]) -- claims, 1 to 20
local dead_cap = tonumber(ARGV[4])

--# include lib/number.lua
--# include lib/end_asked.lua
--# include lib/count.lua
--# include lib/grave.lua
--# include lib/returned.lua
--# include lib/bound.lua
--# include lib/crash.lua
--# include lib/lapsed.lua
--# include lib/consumer.lua

touch({ policy, rhythm }, { returned, workers, dead })
touch_ending()
check_numbers(1, lease_ms, gap_ms, limit)
check_numbers(0, dead_cap)
local now = clock_ms()
local last = tonumber(redis.call('HGET', rhythm, 'last') or now)
local grace = tonumber(redis.call('HGET', rhythm, 'grace') or 0)
if now - last > gap_ms or now < last - gap_ms then grace = now + lease_ms end
redis.call('HSET', rhythm, 'last', whole(now), 'grace', whole(grace))

local reply = { 0, 0, -1, math.max(0, grace - now), 0 }
if now >= grace then
  local gone = lapsed_jobs(leases, claims, held, state, workers, now, math.min(limit, 20), reply)
  local all = gone
  gone = end_asked(ending, gone, {}, now)
  reply[5] = #all - #gone
  if #gone > 0 then
    drop_held(leases, claims, held, gone)
    ending.returned, ending.dead, ending.policy = returned, dead, policy
    local poisoned = back_or_poison(ending, gone, now, dead_cap)
    count(counts, 'reclaimed', #gone - #poisoned)
    reply[1], reply[2] = #gone - #poisoned, #poisoned
    wake_one(wake)
  end
  drop_forgotten(stream, workers, all)
end
local head = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
if head[2] then reply[3] = math.max(0, tonumber(head[2]) - now) end
return reply
