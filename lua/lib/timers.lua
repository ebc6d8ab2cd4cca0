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

-- The jobs whose timer is due, at most 100: those that expired, as expire_jobs takes them, and the aged ones
-- as park_jobs does; all of them are out of the line. True: more are due.
local function run_timers(keys, now_us)
  local due = redis.call('ZRANGE', keys.timers, '-inf', whole(now_us), 'BYSCORE', 'LIMIT', 0, 100)
  local ids, jobs, late, aged, seen = {}, {}, {}, {}, {}
  for i, member in ipairs(due) do ids[i] = string.sub(member, 3) end
  if #ids == 0 then return late, aged, false end
  local states, records = redis.call('HMGET', keys.state, unpack(ids)), redis.call('HMGET', keys.jobs, unpack(ids))
  for i, id in ipairs(ids) do
    local place, attempt, crashes, entry = parse_state(states[i])
    local _, where, task, options = parse_record(records[i])
    local job = { id = id, entry = entry or where, attempt = attempt or 0, crashes = crashes or 0, task = task, options = options }
    if not seen[id] then
      seen[id], jobs[#jobs + 1] = job, job
      job.order, job.class = string.sub(job.entry, 2), class_of(task, options)
    end
    if string.byte(due[i]) == 120 then seen[id].late = true end
  end
  unpark_jobs(keys, jobs, now_us)
  for _, job in ipairs(jobs) do
    if job.late then late[#late + 1] = job else aged[#aged + 1] = job end
  end
  return late, aged, #due == 100
end
