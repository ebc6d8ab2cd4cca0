--# include lib/resettle.lua
--# include lib/timer_gate.lua
--# include lib/wake.lua
-- Takes parked jobs, each `{id, class, order}`, out of the line.
local function unpark_jobs(keys, going, now_us)
  if #going == 0 then return end
  local members, moved, ordered = {}, {}, false
  for i, job in ipairs(going) do
    ordered = ordered or home_of(job.class) ~= '*'
    members[i], moved[job.class] = job.class .. '\0' .. job.order .. ' ' .. job.id, false
  end
  redis.call('ZREM', keys.parked, unpack(members))
  drop_timers(keys, going)
  resettle(keys, now_us, moved, {})
  if ordered then wake_one(keys.wake) end -- for those behind it
end
