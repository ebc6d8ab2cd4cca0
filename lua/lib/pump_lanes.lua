--# include lib/pump_seats.lua
-- The lanes at the gates that are due, as far as one pass goes; those that weren't read come after `bound`. A lane
-- with one seat keeps its turn there (`turn`), so that it can be swept off.
local function read_lanes(pump, view, room)
  local due = redis.call('ZRANGE', pump.keys.gates, 0, whole(pump.now), 'BYSCORE', 'LIMIT', 0, math.min(room, 50) + 8)
  for _, gate in ipairs(due) do
    view.gates[gate] = true
    local most, here = gate == '*' and math.min(room, 100) + 1 or pump.page, {}
    local turns = redis.call('ZRANGE', pump.keys.turns, '[' .. gate .. '\0', '(' .. gate .. '\1', 'BYLEX', 'LIMIT', 0, most)
    for i, turn in ipairs(turns) do
      local key, name = tonumber(string.sub(turn, #gate + 2, #gate + 16)), string.sub(turn, #gate + 18)
      local low = key % 1e14
      if i == most then view.bound = math.min(view.bound, key - low + math.max(low, pump.present)) end
      local lane = view.lanes[name]
      if lane then
        lane.low, lane.turn = math.min(lane.low, low), nil
      else
        lane = { name = name, classes = {}, seats = {}, rank = #view.names, low = low, turn = turn }
        view.lanes[name], view.names[#view.names + 1] = lane, name
      end
      here[i] = lane
    end
    read_seats(pump, view, gate, here, room)
  end
end
