-- Timers of parked jobs: `x <id>` ends it as expired, `a <id>` gives it the highest priority, having aged.
-- While there are any, the gate `!timers` is due when the first of them is.
local function set_timer_gate(keys)
  local head = redis.call('ZRANGE', keys.timers, 0, 0, 'WITHSCORES')
  if head[2] then
    redis.call('ZADD', keys.gates, head[2], '!timers')
  else
    redis.call('ZREM', keys.gates, '!timers')
  end
end

local function drop_timers(keys, jobs)
  if redis.call('EXISTS', keys.timers) == 0 then return end
  local members = {}
  for i, job in ipairs(jobs) do members[2 * i - 1], members[2 * i] = 'x ' .. job.id, 'a ' .. job.id end
  redis.call('ZREM', keys.timers, unpack(members))
  set_timer_gate(keys)
end
