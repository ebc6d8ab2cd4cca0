--# include lib/clock.lua
--# include lib/runs.lua
-- Makes jobs dead. `gone` is a list of `{id, attempt, crashes, reason, error or false, worker, since}`. Over `cap`
-- the oldest dead jobs go, bounded by what is added plus ten; returns how many went.
local function bury_jobs(jobs, state, dead, errors, progress, checkpoints, gone, now, cap)
  if #gone == 0 then return 0 end
  local ids, states, deaths = {}, {}, {}
  for i, job in ipairs(gone) do
    ids[i] = job.id
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('D %d %d %s %s', job.attempt, job.crashes, whole(now), job.reason)
    deaths[2 * i - 1] = whole(now)
    deaths[2 * i] = job.id
  end
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', dead, unpack(deaths))
  keep_runs(errors, gone, now)
  redis.call('HDEL', progress, unpack(ids))
  local over = redis.call('ZCARD', dead) - cap
  if over <= 0 then return 0 end
  local old = redis.call('ZRANGE', dead, 0, math.min(over, #gone + 10) - 1)
  redis.call('HDEL', jobs, unpack(old))
  redis.call('HDEL', state, unpack(old))
  redis.call('HDEL', errors, unpack(old))
  redis.call('HDEL', checkpoints, unpack(old))
  redis.call('ZREM', dead, unpack(old))
  return #old
end
