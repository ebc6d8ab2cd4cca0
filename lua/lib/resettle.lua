--# include lib/seats.lua
--# include lib/gates.lua
-- Makes true again where classes wait, after jobs of them or their gates have changed: `moved[class]` is the
-- gate where it waits from now on, or false (where it is; a new one: at home). Each level is read off the one
-- below it, `parked` -> `line` -> seats -> `gates`, so that none can drift. `more`: looks, wants, seats; and where it is
-- known, the first job of a class (`heads`, false: none left) and which seats are `empty` now.
local function resettle(keys, now_us, moved, more)
  local names, gone, added, set, unset = {}, {}, {}, {}, {}
  local seats, gates, heads, fresh = more.seats or {}, more.gates or {}, more.heads or {}, {}
  for class in pairs(moved) do names[#names + 1] = class end
  local stored = #names > 0 and redis.call('HMGET', keys.places, unpack(names)) or {}
  for i, class in ipairs(names) do
    local lane = string.match(class, '|([^|]*)')
    local gate, head = string.match(stored[i] or '', '^([^%z]+)%z(.*)$')
    local first = heads[class]
    if first == nil then first = behind(first_lex(keys.parked, class), class) end
    local to = first and (moved[class] or gate or home_of(class)) or nil
    if gate ~= to or head ~= first then
      if gate then
        gone[#gone + 1] = gate .. '\0' .. lane .. '\0' .. head .. '\0' .. class
        seats[gate .. '\0' .. lane] = { gate, lane }
        gates[gate] = true
      end
      if to then
        local seat = to .. '\0' .. lane
        added[#added + 1], added[#added + 2] = 0, seat .. '\0' .. first .. '\0' .. class
        seats[seat], gates[to] = { to, lane }, true
        if not fresh[seat] or first < fresh[seat] then fresh[seat] = first end
        set[#set + 1], set[#set + 2] = class, to .. '\0' .. first
      else
        unset[#unset + 1] = class
      end
    end
  end
  change_lex(keys.line, gone, added)
  change_hash(keys.places, unset, set)
  reseat(keys, seats, fresh, more.empty or {})
  regate(keys, gates, now_us, more.looks or {}, more.wants or {})
  if redis.call('EXISTS', keys.parked) == 0 then redis.call('DEL', keys.places, keys.lanes) end
end
