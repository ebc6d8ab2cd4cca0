--# include lib/heap.lua
--# include lib/class.lua
-- What classes with the same limiters share: what they take, and where they wait while nothing stops them.
local function shape_of(view, limits)
  local shape = { uses = {}, rates = 0, home = '*' }
  for _, limiter in ipairs(select(3, class_parts('|' .. limits))) do
    local kind, id, numbers = unpack(limiter)
    local first, second, cost = string.match(numbers, '^([^=]*)=?([^=]*)=?([^=]*)$')
    view.limiters[id] = view.limiters[id] or { id = id, kind = kind, first = first, second = second }
    shape.uses[#shape.uses + 1] = { limiter = view.limiters[id], cost = tonumber(cost) or 1 }
    if kind == 'r' then shape.rates = shape.rates + 1 end
    if kind == 'o' then shape.home = id end
  end
  shape.ahead = shape.rates > 1 and 5000 or shape.rates == 1 and 30000 or 0
  view.shapes[limits] = shape
  return shape
end

-- One class, waiting at this gate, as part of its lane; `only` where it is known to have no second job.
local function read_class(view, lane, gate, head, name, only)
  local limits = string.match(name, '|[^|]*(.*)$')
  local shape = view.shapes[limits] or shape_of(view, limits)
  heap_push(lane.classes, { name = name, gate = gate, key = head, rank = 0, only = only, uses = shape.uses,
    home = shape.home, ahead = shape.ahead })
end

-- The classes that wait at one seat, the first 25 by their heads. A lane that has more is followed only so far
-- (`limit`).
local function read_classes(keys, view, lane, gate, room)
  local seat = gate .. '\0' .. lane.name
  local most = math.min(room, 24) + 1
  local heads = redis.call('ZRANGE', keys.line, '[' .. seat .. '\0', '(' .. seat .. '\1', 'BYLEX', 'LIMIT', 0, most)
  for _, text in ipairs(heads) do
    local head, name = string.match(string.sub(text, #seat + 2), '^([^%z]+)%z(.*)$')
    read_class(view, lane, gate, head, name)
  end
  local last = heads[most] and string.match(string.sub(heads[most], #seat + 2), '^[^%z]+')
  if last and (not lane.limit or last < lane.limit) then lane.limit = last end
end
