--# include lib/seats.lua
--# include lib/gates.lua
-- Makes true again where classes wait, after jobs of them or their gates have changed: `moved[class]` is the
-- gate where it waits from now on, or false (where it is; a new one: at home). Each level is read off the one
-- below it, `parked` -> `line` -> seats -> `gates`, so that none can drift. `more`: looks, wants, seats.
local function resettle(keys, now_us, moved, more)
  local names, gone, added, set, unset = {}, {}, {}, {}, {}
  local seats, gates = more.seats or {}, more.gates or {}
  for class in pairs(moved) do names[#names + 1] = class end
  local stored = #names > 0 and redis.call('HMGET', keys.places, unpack(names)) or {}
  for i, class in ipairs(names) do
    local lane = string.match(class, '|([^|]*)')
    local gate, head = string.match(stored[i] or '', '^([^%z]+)%z(.*)$')
    local first = first_lex(keys.parked, class)
    first = first and string.sub(first, #class + 2)
    local to = first and (moved[class] or gate or home_of(class)) or nil
    if gate ~= to or head ~= first then
      if gate then
        gone[#gone + 1] = gate .. '\0' .. lane .. '\0' .. head .. '\0' .. class
        seats[gate .. '\0' .. lane] = { gate, lane }
        gates[gate] = true
      end
      if to then
        added[#added + 1] = 0
        added[#added + 1] = to .. '\0' .. lane .. '\0' .. first .. '\0' .. class
        seats[to .. '\0' .. lane] = { to, lane }
        gates[to] = true
        set[#set + 1] = class
        set[#set + 1] = to .. '\0' .. first
      else
        unset[#unset + 1] = class
      end
    end
  end
  change_lex(keys.line, gone, added)
  change_hash(keys.places, unset, set)
  reseat(keys, seats)
  regate(keys, gates, now_us, more.looks or {}, more.wants or {})
  if redis.call('EXISTS', keys.parked) == 0 then redis.call('DEL', keys.places, keys.lanes) end
end
