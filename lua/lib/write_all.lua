-- A command that takes a list of values, behind `how` (`NX`, `GT`) if that is given; with an empty list there is nothing to do.
local function write_all(command, key, values, how)
  if #values == 0 then return end
  if how then redis.call(command, key, how, unpack(values)) else redis.call(command, key, unpack(values)) end
end
