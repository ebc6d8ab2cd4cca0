-- The items behind the named arguments: a table per item, `width` values each. Fewer than one
-- whole item, a remainder, or more than 200 items is a malformed call.
local function rest_items(first, width)
  local count = (#ARGV - first + 1) / width
  if count ~= math.floor(count) or count < 1 or count > 200 then
    error('1 to 200 items of ' .. width .. ' values expected')
  end
  local items = {}
  for i = 1, count do
    local at = first + (i - 1) * width
    local item = {}
    for j = 1, width do item[j] = ARGV[at + j - 1] end
    items[i] = item
  end
  return items
end

-- Column `n` of such items, for multi-key commands.
local function column(items, n)
  local values = {}
  for i, item in ipairs(items) do values[i] = item[n] end
  return values
end
