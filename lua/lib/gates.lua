--# include lib/clock.lua
--# include lib/lists.lua
--# include lib/write_all.lua
-- The instant at which to look at a gate, as a score: of none, for ever.
local function look_score(at)
  return at == math.huge and '+inf' or whole(math.max(0, at))
end

-- Gates where nobody waits go; the others are looked at when `looks` says, or, where nobody waited before,
-- when `wants` says (`*`: always; any other: now).
local function regate(keys, gates, now_us, looks, wants)
  local gone, set, new = {}, {}, {}
  for gate in pairs(gates) do
    if not first_lex(keys.turns, gate) then
      gone[#gone + 1] = gate
    elseif looks[gate] then
      set[#set + 1] = look_score(looks[gate])
      set[#set + 1] = gate
    else
      new[#new + 1] = gate == '*' and '0' or look_score(wants[gate] or now_us)
      new[#new + 1] = gate
    end
  end
  write_all('ZREM', keys.gates, gone)
  write_all('ZADD', keys.gates, set)
  write_all('ZADD', keys.gates, new, 'NX')
end
