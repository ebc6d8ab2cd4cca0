--# include lib/unpark.lua
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
    local job = { marked = string.find(options, '[uz]='), id = id, entry = entry or where, attempt = attempt or 0, crashes = crashes or 0, task = task, options = options }
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
