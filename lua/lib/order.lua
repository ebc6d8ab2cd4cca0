--# include lib/state.lua
-- Places in the line: a function that gives each job the next one, as text that sorts: a digit, 0 for the
-- highest priority (9), then 16 digits of microseconds, later than all given before. park_jobs remembers it.
local function order_maker(park, now_us)
  park.last = math.max(park.last or 0, now_us - 1, tonumber(redis.call('HGET', park.places, '!last') or 0))
  return function(options)
    park.last = park.last + 1
    return string.format('%d%016.0f', 9 - (tonumber(record_option(options, 'p')) or 4), park.last)
  end
end
