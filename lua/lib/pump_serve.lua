--# include lib/class.lua
-- The class can't start before `at` because of `by`: it waits there. An ordered lane waits as a whole.
local function stop_class(pump, view, lane, class, at, by)
  local gate = class.home ~= '*' and at < math.huge and class.home or by
  local look = at - class.ahead * 2 / 3
  if gate ~= class.gate then lane.left = lane.left - 1 end
  if gate ~= class.gate or view.moved[class.name] ~= nil then view.moved[class.name], view.heads[class.name] = gate, class.key end
  if view.gates[gate] then
    view.looks[gate] = math.min(view.looks[gate] or math.huge, look)
  else
    view.wants[gate] = math.min(view.wants[gate] or math.huge, look)
  end
  if gate == class.home then
    local others = {}
    for _, one in ipairs(lane.classes) do
      if one.home ~= gate then heap_push(others, one) end
    end
    lane.classes = others
  end
  pump.progress = true
end

-- Takes what the limiters give, at `at`, for one job.
local function charge(pump, class, at, id)
  for _, use in ipairs(class.uses) do
    local lim = use.limiter
    if lim.kind == 'r' then
      lim.tat = math.max(lim.tat, at) + use.cost * lim.interval
      pump.rates[lim.id] = lim.tat
    else
      lim.used = lim.used + 1
      pump.slots[#pump.slots + 1] = lim.id .. '\0' .. id
      pump.marked[id] = true
    end
  end
end
