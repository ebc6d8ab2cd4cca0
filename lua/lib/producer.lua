-- Which call of its producer is this, `repeat` (its last one once more), `next`, or `gap` (its last call here
-- was some other one)? `last` is what was kept of that; where nothing is, any call is the first.
local function which_call(last, counter, ids)
  if not last then return 'next' end
  local number, first_id, size = string.match(last, '^(%d+) (%S+) (%d+)$')
  if number == counter and first_id == ids[1] and tonumber(size) == #ids then return 'repeat' end
  return number and tonumber(counter) == tonumber(number) + 1 and 'next' or 'gap'
end
