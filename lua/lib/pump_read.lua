--# include lib/heap.lua
--# include lib/class.lua
-- The classes that wait at one seat, the first 25 by their heads, as part of their lane. A lane that has more
-- is followed only so far (`limit`).
local function read_classes(keys, view, lane, gate, room)
  local seat = gate .. '\0' .. lane.name
  local most = math.min(room, 24) + 1
  local heads = redis.call('ZRANGE', keys.line, '[' .. seat .. '\0', '(' .. seat .. '\1', 'BYLEX', 'LIMIT', 0, most)
  lane.seats[seat] = { gate, lane.name }
  for _, text in ipairs(heads) do
    local head, name = string.match(string.sub(text, #seat + 2), '^([^%z]+)%z(.*)$')
    local class = { name = name, gate = gate, key = head, rank = 0, uses = {}, rates = 0, home = '*' }
    for _, limiter in ipairs(select(3, class_parts(name))) do
      local kind, id, numbers = unpack(limiter)
      local first, second, cost = string.match(numbers, '^([^=]*)=?([^=]*)=?([^=]*)$')
      view.limiters[id] = view.limiters[id] or { id = id, kind = kind, first = first, second = second }
      class.uses[#class.uses + 1] = { limiter = view.limiters[id], cost = tonumber(cost) or 1 }
      if kind == 'r' then class.rates = class.rates + 1 end
      if kind == 'o' then class.home = id end
    end
    heap_push(lane.classes, class)
  end
  local last = heads[most] and string.match(string.sub(heads[most], #seat + 2), '^[^%z]+')
  if last and (not lane.limit or last < lane.limit) then lane.limit = last end
end
