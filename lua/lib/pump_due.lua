--# include lib/timers.lua
--# include lib/park.lua
--# include lib/pump.lua
--# include lib/patience.lua
-- Something is due in the line, at the gate `first`: see lib/pump_open.lua.
local function open_due(pump, limit, now_us, first)
  local keys = pump.keys
  pump.run = pump_jobs
  pump.pauses = first == '!paused'
  pump.stopped = pump.pauses and redis.call('HEXISTS', keys.limits, 'pause') == 1
  if pump.stopped then return end
  local late, aged, more = run_timers(keys, now_us)
  pump.late = late
  for _, job in ipairs(aged) do
    job.order = '0' .. string.sub(job.order, 2)
    redis.call('HSET', keys.state, job.id, string.format('P %d %d &%s aged', job.attempt, job.crashes, job.order))
  end
  park_jobs(keys, aged, now_us)
  pump.present = tonumber(redis.call('HGET', keys.places, '!now') or 0)
  local room = limit
  if keys.aside == 0 and redis.call('XLEN', keys.stream) == 0 then
    pump.worst, pump.share = 9, limit
  else
    room = line_room(keys, limit, now_us)
  end
  if not more then pump_jobs(pump, room) end
  pump.works = not more
end
