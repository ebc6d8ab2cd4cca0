--# include lib/pump_read.lua
-- The classes of lanes that have a seat at this gate. What sits alone is read for all of them at once, by what
-- `places` says of its seat and of itself; only where several classes share a seat it is a command for each.
local function read_seats(pump, view, gate, lanes, room)
  local keys, seats, names, alone = pump.keys, {}, {}, {}
  if #lanes == 0 then return end
  for i, lane in ipairs(lanes) do
    seats[i] = gate .. '\0' .. lane.name
    lane.seats[seats[i]] = gate
  end
  local stored = redis.call('HMGET', keys.places, unpack(seats))
  for i, lane in ipairs(lanes) do
    local name = stored[i] and string.sub(stored[i], 17) or ''
    if name == '' then
      lane.turn = nil
      read_classes(keys, view, lane, gate, room)
    else
      names[#names + 1] = name
      alone[#names] = lane
    end
  end
  if #names == 0 then return end
  for i, place in ipairs(redis.call('HMGET', keys.places, unpack(names))) do
    local head, only = string.match(place, '^%z([^%z]+)(%z?)', #gate + 1)
    read_class(view, alone[i], gate, head, names[i], only ~= '')
  end
end
