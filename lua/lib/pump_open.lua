--# include lib/number.lua
--# include lib/clock.lua
--# include lib/state.lua
--# include lib/pump_rest.lua
--# include lib/pump_due.lua when called: open_due
-- What a claim sees of the jobs in the line, in one command where nothing is due: the first gate. If one is:
-- timers run, and what may start is pumped, half of the room for the default priority while the stream has
-- jobs too, all of it for higher ones, and for lower ones what is left over (pump_rest). `may_touch`: what is claimed
-- besides may hold what stands in the line's keys, a unique one or a slot.
local function open_pump(keys, limit, now_us, may_touch)
  local pump = { keys = keys, now = now_us, taken = {}, marked = {}, rates = {}, slots = {}, late = {}, page = 4,
    steps = 2 * limit + 50, worst = 5, share = math.floor((limit + now_us % 2) / 2), delays = '' }
  local head = redis.call('ZRANGE', keys.gates, 0, 0, 'WITHSCORES')
  pump.at = tonumber(head[2])
  pump.works = pump.at and pump.at <= now_us
  if pump.works or may_touch then touch_line() end
  if pump.works then open_due(pump, limit, now_us, head[1]) end
  return pump
end
