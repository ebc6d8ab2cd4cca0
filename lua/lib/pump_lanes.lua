--# include lib/pump_read.lua
-- The lanes at the gates that are due, as far as one pass goes; those that weren't read come after `bound`.
local function read_lanes(pump, view, room)
  local due = redis.call('ZRANGE', pump.keys.gates, 0, whole(pump.now), 'BYSCORE', 'LIMIT', 0, math.min(room, 50) + 8)
  for _, gate in ipairs(due) do
    if string.byte(gate) ~= 33 then
      view.gates[gate] = true
      local most = gate == '*' and math.min(room, 100) + 1 or pump.page
      local seats = redis.call('ZRANGE', pump.keys.turns, '[' .. gate .. '\0', '(' .. gate .. '\1', 'BYLEX', 'LIMIT', 0, most)
      for i, seat in ipairs(seats) do
        local key, name = tonumber(string.sub(seat, #gate + 2, #gate + 16)), string.sub(seat, #gate + 18)
        if i == most then view.bound = math.min(view.bound, key - key % 1e14 + math.max(key % 1e14, pump.present)) end
        if not view.lanes[name] then
          view.lanes[name] = { name = name, classes = {}, seats = {}, rank = #view.names, low = key % 1e14 }
          view.names[#view.names + 1] = name
        end
        view.lanes[name].low = math.min(view.lanes[name].low, key % 1e14)
        read_classes(pump.keys, view, view.lanes[name], gate, room)
      end
    end
  end
end
