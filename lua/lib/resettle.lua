--# include lib/seats.lua
--# include lib/gates.lua
-- Makes true again where classes wait, after jobs of them or their gates have changed: `moved[class]` is the
-- gate where it waits from now on, or false (where it is; a new one: at home). Each level is read off the one
-- below it, `parked` -> `line` -> seats -> `gates`, so that none can drift. `more`: looks, wants, seats; and where it is
-- known, the first job of a class (`heads`, false: none left; `only`: no other) and which seats are `empty` now.
local function resettle(keys, now_us, moved, more)
  local names, gone, added, set, unset, fresh, joined, looks = {}, {}, {}, {}, {}, {}, {}, more.looks or {}
  local seats, gates, heads, only = more.seats or {}, more.gates or {}, more.heads or {}, more.only or {}
  for class in pairs(moved) do names[#names + 1] = class end
  local stored = #names > 0 and redis.call('HMGET', keys.places, unpack(names)) or {}
  for i, class in ipairs(names) do
    local lane = string.match(class, '|([^|]*)')
    local gate, head, mark = class_place(stored[i])
    local first = heads[class]
    if first == nil then first = behind(first_lex(keys.parked, class), class) end
    local to = first and (moved[class] or gate or home_of(class)) or nil
    if gate and (gate ~= to or head ~= first) then
      local seat = gate .. '\0' .. lane
      gone[#gone + 1], seats[seat], gates[gate] = seat .. '\0' .. head .. '\0' .. class, { gate, lane }, true
      if not to then unset[#unset + 1] = class end
      if string.byte(gate) == 111 then looks[gate] = looks[gate] or now_us end -- who stood behind it is first now
    end
    if to and (gate ~= to or head ~= first) then
      local seat = to .. '\0' .. lane
      added[#added + 1], added[#added + 2] = 0, seat .. '\0' .. first .. '\0' .. class
      seats[seat], gates[to] = { to, lane }, true
      if not fresh[seat] or first < fresh[seat] then fresh[seat] = first end
      joined[seat] = joined[seat] == nil and class
      mark = only[class] and '\0' or mark or ''
      set[#set + 1], set[#set + 2] = class, to .. '\0' .. first .. mark
    end
  end
  write_all('ZREM', keys.line, gone) write_all('ZADD', keys.line, added)
  write_all('HSET', keys.places, set) write_all('HDEL', keys.places, unset)
  reseat(keys, seats, fresh, joined, more.empty or {})
  for _, seat in pairs(seats) do if seat[3] then looks[seat[1]] = looks[seat[1]] or (more.wants or {})[seat[1]] or now_us end end
  regate(keys, gates, now_us, looks, more.wants or {})
  if redis.call('EXISTS', keys.parked) == 0 then redis.call('DEL', keys.places, keys.lanes) end
end
