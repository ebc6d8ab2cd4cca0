-- What jobs said goes with them: `trails` from `first` on, the same number of each item; `is_gone` says of which.
local function trails_of_each(trails, first, items)
  local each = (#trails - first + 1) / items
  if each ~= math.floor(each) then error('the same number of trails of each item expected') end
  for n = first, #trails do redis.call('XLEN', trails[n]) end
  return each
end

local function drop_trails(trails, first, each, is_gone)
  for item in pairs(is_gone) do
    for n = first + (item - 1) * each, first + item * each - 1 do redis.call('DEL', trails[n]) end
  end
end
