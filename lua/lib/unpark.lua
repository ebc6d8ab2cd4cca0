--# include lib/resettle.lua
--# include lib/timer_gate.lua
-- Takes parked jobs, each `{id, class, order}`, out of the line.
local function unpark_jobs(keys, going, now_us)
  if #going == 0 then return end
  local members, moved = {}, {}
  for i, job in ipairs(going) do
    members[i], moved[job.class] = job.class .. '\0' .. job.order .. ' ' .. job.id, false
  end
  redis.call('ZREM', keys.parked, unpack(members))
  drop_timers(keys, going)
  resettle(keys, now_us, moved, {})
end
