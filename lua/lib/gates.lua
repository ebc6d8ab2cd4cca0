--# include lib/clock.lua
--# include lib/lists.lua
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
  if #gone > 0 then redis.call('ZREM', keys.gates, unpack(gone)) end
  if #set > 0 then redis.call('ZADD', keys.gates, unpack(set)) end
  if #new > 0 then redis.call('ZADD', keys.gates, 'NX', unpack(new)) end
end
