--# include lib/clock.lua
-- The first step of accepting jobs, before the first write: when each is due and when it expires, and the
-- places in the line of those that go there.
--# include lib/at.lua
--# include lib/order.lua
--# include lib/class.lua

local function read_times(keys, values, first, fresh, now)
  local times = { asleep = redis.call('LLEN', keys.wake) == 0, dues = {}, ends = {}, orders = {} }
  for _, n in ipairs(fresh) do
    local due, expires, opts = values[first + 7 * n - 6], values[first + 7 * n - 5], values[first + 7 * n - 2]
    local in_line = opts ~= '-' and is_parked_kind(opts)
    if in_line or due ~= '0' or expires ~= '-' then -- what runs now and for ever needs no clock
      times.us = times.us or now and now * 1000 or clock_us()
      now = now or math.floor(times.us / 1000)
      times.head = times.head
        or tonumber(redis.call('ZRANGE', keys.scheduled, 0, 0, 'WITHSCORES')[2]) or math.huge
      times.dues[n], times.ends[n] = instant(due, now, '0'), instant(expires, now, '-')
      if in_line and not times.dues[n] then
        if not times.order then
          touch_line()
          times.order = order_maker(keys.park, times.us)
        end
        times.orders[n] = times.order(opts)
      end
    end
  end
  return times
end
