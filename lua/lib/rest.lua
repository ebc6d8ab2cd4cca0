-- How many items of `width` values stand behind the named arguments. Fewer than one whole item, a
-- remainder, or more than 200 items is a malformed call.
local function rest_count(first, width)
  local count = (#ARGV - first + 1) / width
  if count ~= math.floor(count) or count < 1 or count > 200 then
    error('1 to 200 items of ' .. width .. ' values expected')
  end
  return count
end

-- Value `n` of each item, as a list: what multi-key commands take.
local function rest_column(first, width, n)
  local values, i = {}, 0
  for at = first + n - 1, first + rest_count(first, width) * width - 1, width do
    i = i + 1
    values[i] = ARGV[at]
  end
  return values
end
