--# include lib/number.lua
--# include lib/timers.lua
--# include lib/park.lua
--# include lib/pump_rest.lua
--# include lib/patience.lua
-- What a claim sees of the jobs in the line, in one command where nothing is due: the first gate. If one is:
-- timers run, and what may start is pumped, half of the room for the default priority while the stream has
-- jobs too, all of it for higher ones, and for lower ones what is left over (pump_rest).
local function open_pump(keys, limit, now_us, names_tasks)
  local pump = { keys = keys, now = now_us, taken = {}, marked = {}, rates = {}, slots = {}, late = {}, page = 4,
    steps = 2 * limit + 50, worst = 5, share = math.floor((limit + now_us % 2) / 2), delays = '' }
  local head = redis.call('ZRANGE', keys.gates, 0, 0, 'WITHSCORES')
  pump.at = tonumber(head[2])
  pump.works = pump.at and pump.at <= now_us
  if pump.works or names_tasks then touch_line() end
  if not pump.works then return pump end
  pump.pauses = head[1] == '!paused'
  pump.stopped = pump.pauses and redis.call('HEXISTS', keys.limits, 'pause') == 1
  if pump.stopped then return pump end
  local late, aged, more = run_timers(keys, now_us)
  pump.late = late
  for _, job in ipairs(aged) do
    job.order = '0' .. string.sub(job.order, 2)
    redis.call('HSET', keys.state, job.id, string.format('P %d %d &%s aged', job.attempt, job.crashes, job.order))
  end
  park_jobs(keys, aged, now_us)
  pump.present = tonumber(redis.call('HGET', keys.places, '!now') or 0)
  local room = limit
  if redis.call('XLEN', keys.stream) == 0 then
    pump.worst, pump.share = 9, limit
  else
    room = line_room(keys, limit, now_us)
  end
  if not more and room > 0 then pump_jobs(pump, room) end
  pump.works = not more
  return pump
end
