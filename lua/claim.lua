#!lua flags=allow-oom
-- Hands out jobs that may run now, under one lease: what limits, lanes and priorities let go from the line, what
-- was handed back, what only a worker that knows the task may have, and the stream. The same token again returns
-- the same jobs, for a whole lease. Returns ms until the next scheduled job is due (-1: none), 1 if stranded jobs exist, 1 if more
-- is waiting, the server's clock in ms, the summaries of those that had expired (0: none), ms until to look at the line again (-1: not),
-- `<number of the job>:<us before it may start> …`, a list of id and checkpoint of jobs that have one; then for
-- each job id, attempt, crashes, record.
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
--# include lib/line_keys.lua
--# include lib/tally_keys.lua
local worker = ARGV[1]
local token = ARGV[2] -- 128 random bits, new for each claim
local lease_ms = tonumber(ARGV[3])
local limit = tonumber(ARGV[4]) -- 1 to 200
local result_ttl_ms = tonumber(ARGV[5]) -- of the outcome of an expired job
local results_cap = tonumber(ARGV[6])
local armed = ARGV[7] -- 1: was sent ahead, and brings nothing where the worker is unknown by now
local first_task = 8 -- ARGV[8...]: tasks that this worker knows, named while stranded jobs exist
--# include lib/pump_open.lua
--# include lib/pump_close.lua
--# include lib/pumped.lua
--# include lib/candidates.lua
--# include lib/hold_back.lua when called: hold_back
--# include lib/take.lua
--# include lib/grant.lua
--# include lib/tally_start.lua
--# include lib/touch_rare.lua
local sizes = touch({ jobs, state, held, results, waiters, errors, counts }, { leases, scheduled, results_expiry, workers }, { wake })
touch_rare(sizes, { checkpoints, unique }, { stranded, returned }, { dropped, schedule_ended })
check_numbers(1, lease_ms, limit) check_numbers(0, result_ttl_ms, results_cap)
local now, now_us = clock_both()
local reply, at, groups, batch = { -1, 0, 0, now, 0, -1, '', {} }, 8, {}, {}
if armed == '1' and is_ghost(workers, worker) then return pass_on(wake, reply) end
local function hand_out(id, attempt, crashes, record, entry, place)
  reply[at + 1], reply[at + 2], reply[at + 3], reply[at + 4] = id, attempt, crashes, record
  at = at + 4
  tally_start(groups, record, entry, place, attempt == 1 and crashes == 0)
end
local before = redis.call('HGET', claims, token)
if before then
  reply[7] = hand_out_again(before, token, jobs, state, now, hand_out, leases, lease_ms)
else
  park.state, park.stranded, park.scheduled, park.counts, park.aside, limit = state, stranded, scheduled, counts, sizes[stranded], math.min(limit, 200)
  local pump = open_pump(park, limit, now_us, #ARGV >= first_task or sizes[unique] > 0)
  local found = find_candidates(pump, stream, sizes[returned] > 0 and returned, stranded, worker, limit - #pump.taken, first_task)
  if #found.ids > 0 and (pump.pauses or #found.side > 0) then hold_back(pump, found) end
  local taken, states, late = take_candidates(found, jobs, state, token, now, hand_out)
  pump_rest(pump, limit - #pump.taken - #found.ids)
  reply[7] = hand_out_pumped(pump, taken, states, token, hand_out)
  grant(state, claims, held, leases, worker, token, now + lease_ms, taken, states)
  settle_candidates(found, stream, returned, stranded, worker)
  start_keyed(park, found, pump, now)
  if #late + #pump.late > 0 then reply[5] = expire_jobs({ jobs = jobs, state = state, stream = stream, errors = errors, checkpoints = checkpoints,
    results = results, waiters = waiters, results_expiry = results_expiry, dropped = dropped, counts = counts,
    schedule_ended = schedule_ended, park = park, batch = batch }, late, pump.late, now, result_ttl_ms, results_cap) end
  tally_started(sums, groups, batch, now)
  if #found.ids + #pump.taken >= limit then reply[3] = 1 wake_one(wake) end
  reply[6] = next_look(pump, worker, reply[3] == 1)
end
local head = redis.call('ZRANGE', scheduled, 0, 0, 'WITHSCORES')
if head[2] then reply[1] = math.max(0, tonumber(head[2]) - now) end
reply[2], reply[8] = sizes[stranded] == 0 and 0 or redis.call('EXISTS', stranded), sizes[checkpoints] > 0 and read_checkpoints(checkpoints, reply, 9) or {}
return reply
