-- What was set for this queue, of these names, in one command: run-time values beat published ones.
local function read_settings(limits, names)
  local fields, found = {}, {}
  for i, name in ipairs(names) do fields[2 * i - 1], fields[2 * i] = name, '=' .. name end
  if #names > 0 and redis.call('EXISTS', limits) == 1 then
    local values = redis.call('HMGET', limits, unpack(fields))
    for i, name in ipairs(names) do found[name] = values[2 * i] or values[2 * i - 1] or nil end
  end
  return function(name) return found[name] end
end
