#!lua flags=allow-oom
-- Hands out jobs that may run now, under one lease: first what was handed back, then what only a
-- worker that knows the task may have, then the stream. The same token again returns the same jobs.
-- Returns ms until the next scheduled job is due (-1: none), 1 if stranded jobs exist, 1 if more is waiting, the
-- clock in ms, how many had expired, a list of id and checkpoint; then for each job id, attempt, crashes, record.
local jobs = KEYS[1] -- hash, id -> record
local state = KEYS[2] -- hash, id -> state
local stream = KEYS[3]
local returned = KEYS[4] -- zset, id by place in the stream
local stranded = KEYS[5] -- zset, "task id"
local leases = KEYS[6] -- zset, token by deadline
local claims = KEYS[7] -- hash, token -> "worker n id…"
local held = KEYS[8] -- hash, token -> jobs still running
local scheduled = KEYS[9] -- zset, only looked at
local wake = KEYS[10]
local results = KEYS[11] -- this and the next five: for what has expired
local results_expiry = KEYS[12]
local waiters = KEYS[13]
local dropped = KEYS[14] -- list, ended without a run
local errors = KEYS[15]
local counts = KEYS[16]
local checkpoints = KEYS[17] -- hash, looked at where it exists
local schedule_ended = KEYS[18]
local worker = ARGV[1]
local token = ARGV[2] -- 128 random bits, new for each claim
local lease_ms = tonumber(ARGV[3])
local limit = tonumber(ARGV[4]) -- 1 to 200
local result_ttl_ms = tonumber(ARGV[5]) -- of the outcome of an expired job
local results_cap = tonumber(ARGV[6])
local first_task = 7 -- ARGV[7...]: tasks that this worker knows, named while stranded jobs exist
--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/state.lua
--# include lib/wake.lua
--# include lib/notify.lua
--# include lib/outcome.lua
--# include lib/holder.lua
--# include lib/entries.lua
--# include lib/expire.lua
--# include lib/candidates.lua
--# include lib/again.lua
--# include lib/take.lua
--# include lib/takeover.lua
--# include lib/restore.lua
touch({ jobs, state, held, results, waiters, errors, counts, checkpoints },
  { stranded, leases, scheduled, results_expiry }, { wake, dropped, schedule_ended })
check_numbers(1, lease_ms, limit)
check_numbers(0, result_ttl_ms, results_cap)
local now = clock_ms()
local reply, at = { -1, 0, 0, now, 0, {} }, 6

local function hand_out(id, attempt, crashes, record)
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, attempt, crashes, record
  at = at + 4
end
local before = redis.call('HGET', claims, token)
if before then
  hand_out_again(before, token, jobs, state, hand_out)
else
  local found = find_candidates(stream, returned, stranded, worker, math.min(limit, 200), first_task)
  local taken, states, late = take_candidates(found, jobs, state, token, now, hand_out)
  if #taken > 0 then
    redis.call('HSET', state, unpack(states))
    redis.call('HSET', claims, token, worker .. ' ' .. #taken .. ' ' .. table.concat(taken, ' '))
    redis.call('HSET', held, token, #taken)
    redis.call('ZADD', leases, whole(now + lease_ms), token)
  end
  settle_candidates(found, stream, returned, stranded, worker)
  expire_jobs({ jobs = jobs, state = state, stream = stream, errors = errors, checkpoints = checkpoints,
    results = results, waiters = waiters, results_expiry = results_expiry, dropped = dropped, counts = counts,
    schedule_ended = schedule_ended }, late, now, result_ttl_ms, results_cap)
  reply[5] = #late
  if found.full then reply[3] = 1 wake_one(wake) end
end
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
if head[2] then reply[1] = math.max(0, tonumber(head[2]) - now) end
reply[2] = redis.call('EXISTS', stranded)
reply[6] = read_checkpoints(checkpoints, reply, 7)
return reply
