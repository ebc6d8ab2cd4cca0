-- The gates where somebody waits, of all, of a kind, of one limiter or, behind `!`, of any of its keys, from the one after `from` on:
-- each is found by jumping over the turns of the one before. The last one found where there may be more.
local function walk_gates(turns, prefix, from, limit)
  local found, low = {}, '[' .. prefix
  if from ~= '' then low = '[' .. from .. '\1' end
  for _ = 1, limit do
    local member = redis.call('ZRANGE', turns, low, '(' .. prefix .. '\255', 'BYLEX', 'LIMIT', 0, 1)[1]
    if not member then return found, nil end
    local gate = string.match(member, '^[^%z]+')
    local following = string.sub(gate, #prefix + 1, #prefix + 1)
    if #prefix < 2 or following == '' or following == '!' then found[#found + 1] = gate end
    low, from = '[' .. gate .. '\1', gate
  end
  return found, from
end
