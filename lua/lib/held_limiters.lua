--# include lib/class.lua
-- Which of a class's limiters a task means that was refused elsewhere: the one named, else its rates that have
-- a key, else its rates, else its limits of concurrency; their ids.
local function meant_limiters(class, name)
  local _, _, limiters = class_parts(class)
  local found = { {}, {}, {}, {} }
  for _, limiter in ipairs(limiters) do
    local kind, id = limiter[1], limiter[2]
    local rank = kind == 'c' and 4 or string.find(id, '!', 1, true) and 2 or 3
    if name ~= '' and string.match(id, '^.([^!]*)') == name then rank = 1 end
    if kind ~= 'o' then table.insert(found[rank], id) end
  end
  for rank = 1, 4 do
    if #found[rank] > 0 then return found[rank] end
  end
  return {}
end
