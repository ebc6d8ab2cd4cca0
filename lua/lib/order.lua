-- Places in the line: a function that gives each job the next one, as text that sorts: a digit, 0 for the
-- highest priority (9), then 16 digits of microseconds, later than all given before. `n` jobs at most.
local function order_maker(places, now_us)
  local last = math.max(now_us - 1, tonumber(redis.call('HGET', places, '!last') or 0))
  return function(options)
    last = last + 1
    return string.format('%d%016.0f', 9 - (tonumber(record_option(options, 'p')) or 4), last)
  end, function()
    redis.call('HSET', places, '!last', whole(last))
  end
end
