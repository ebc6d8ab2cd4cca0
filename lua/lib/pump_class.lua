--# include lib/pump_queue.lua
-- The jobs of a class, read when the first of them is taken: some more than its share of the room.
local function load_class(pump, view, class, room)
  if class.only then
    class.jobs, class.at, class.full = { class.name .. '\0' .. class.key }, 1, false
    return
  end
  local most = math.min(room, math.max(2, math.ceil(2 * room / math.max(1, lanes_left(view))))) + 1
  local low, members = '[' .. class.name .. '\0', nil
  members = redis.call('ZRANGE', pump.keys.parked, low, '(' .. class.name .. '\1', 'BYLEX', 'LIMIT', 0, most)
  class.jobs, class.at, class.full = members, 1, #members == most
end
