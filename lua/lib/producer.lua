-- Which call of its producer is this, `repeat` (its last one once more), `next`, or `gap` (its last call here
-- was some other one)? `last` is what was kept of that; where nothing is, any call is the first.
local function which_call(last, counter, ids)
  if not last then return 'next' end
  local number, first_id, size = string.match(last, '^(%d+) (%S+) (%d+)')
  if number == counter and first_id == ids[1] and tonumber(size) == #ids then return 'repeat' end
  return number and tonumber(counter) == tonumber(number) + 1 and 'next' or 'gap'
end

-- What is kept of a call's answers behind that: those that a repeat could not find out again.
local function what_was_said(words)
  local said = {}
  for n, word in ipairs(words) do
    if word ~= 'OK' and word ~= 'ALREADY' then said[#said + 1] = ' ' .. n .. '=' .. string.gsub(word, ' ', '=') end
  end
  return table.concat(said)
end

local function said_before(last, words)
  for n, word, id in string.gmatch(last, ' (%d+)=(%u+)=(%S+)') do words[tonumber(n)] = word .. ' ' .. id end
  return words
end
