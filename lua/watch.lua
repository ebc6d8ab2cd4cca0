#!lua flags=allow-oom
-- Looks after a queue's schedules: keeps what became of their jobs, lets go what was held back behind a job
-- that has ended, and says which schedules are due. Who looks promises to look again; ticks that came while
-- no promise stood are missed, others are at most late.
-- Returns now, the time up to which unfired ticks are missed (0: none), ms until the next one will be
-- due (-1: none will), how many jobs are held back; then of each that is due: name, state, definition.
local jobs = KEYS[1]
local state = KEYS[2]
local scheduled = KEYS[3]
local wake = KEYS[4]
local rhythm = KEYS[5] -- hash, here: promised, missed (until when), held (cursor)
local schedules = KEYS[6]
local schedule_state = KEYS[7]
local schedule_due = KEYS[8]
local schedule_runs = KEYS[9] -- hash, job -> schedule, tick, fired at, kind, ended at, run time
local schedule_held = KEYS[10] -- hash, job -> the job held back behind it
local schedule_ended = KEYS[11] -- list of summaries of schedules' jobs that have ended
local look_ms = tonumber(ARGV[1]) -- the caller looks again after at most this
local slack_ms = tonumber(ARGV[2]) -- and is late by at most this
local limit = tonumber(ARGV[3]) -- 1 to 200 schedules, and ended jobs

--# include lib/clock.lua
--# include lib/touch.lua
--# include lib/number.lua
--# include lib/wake.lua
--# include lib/schedule.lua

touch({ jobs, state, rhythm, schedules, schedule_state, schedule_runs, schedule_held }, { scheduled, schedule_due },
  { wake, schedule_ended })
check_numbers(1, look_ms, slack_ms, limit)
limit = math.min(limit, 200)
local now, released = clock_ms(), false
local ended = redis.call('LRANGE', schedule_ended, -limit, -1)
if #ended > 0 then redis.call('LTRIM', schedule_ended, 0, -limit - 1) end
for _, line in ipairs(ended) do
  local id, kind, run_ms, ended_ms = string.match(line, '^(%S+) (%S+) %S+ (%S+) (%S+)')
  local run = redis.call('HGET', schedule_runs, id)
  local head = run and string.match(run, '^%S+ %S+ %S+')
  if head then redis.call('HSET', schedule_runs, id, head .. ' ' .. kind .. ' ' .. ended_ms .. ' ' .. run_ms) end
end
if redis.call('EXISTS', schedule_held) == 1 then
  local read = redis.call('HSCAN', schedule_held, redis.call('HGET', rhythm, 'held') or '0', 'COUNT', limit)
  if read[1] ~= '0' then redis.call('HSET', rhythm, 'held', read[1]) else redis.call('HDEL', rhythm, 'held') end
  local held = read[2]
  for i = 1, #held, 2 do
    if not job_lives(jobs, state, held[i]) then
      if is_held_back(scheduled, held[i + 1]) then redis.call('ZADD', scheduled, 'XX', whole(now), held[i + 1]) end
      redis.call('HDEL', schedule_held, held[i])
      released = true
    end
  end
  if released then wake_one(wake) end
end
local promised, missed = unpack(redis.call('HMGET', rhythm, 'promised', 'missed'))
if promised and tonumber(promised) < now then
  missed = whole(now)
  redis.call('HSET', rhythm, 'missed', missed)
end
local names = redis.call('ZRANGE', schedule_due, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, limit)
local head = redis.call('ZRANGE', schedule_due, '(' .. whole(now), '+inf', 'BYSCORE', 'LIMIT', 0, 1, 'WITHSCORES')[2]
local until_next = head and tonumber(head) - now or -1
if head or #names > 0 then
  local promise = now + (head and math.min(look_ms, until_next) or look_ms) + slack_ms
  if promise > tonumber(promised or 0) then redis.call('HSET', rhythm, 'promised', whole(promise)) end
end
local reply = { now, tonumber(missed or 0), until_next, redis.call('HLEN', schedule_held) }
for _, name in ipairs(names) do
  reply[#reply + 1] = name
  reply[#reply + 1] = redis.call('HGET', schedule_state, name) or ''
  reply[#reply + 1] = redis.call('HGET', schedules, name) or ''
end
return reply
