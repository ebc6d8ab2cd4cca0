--# include lib/clock.lua
--# include lib/wake.lua
-- Frees slots, members of `slots`: who waits at their limiters' gates is looked at, and a worker woken where there is
-- somebody.
local function give_back(keys, members, now_us)
  if #members == 0 then return end
  local pokes = {}
  for i, member in ipairs(members) do
    pokes[2 * i - 1], pokes[2 * i] = whole(now_us), string.match(member, '^[^%z]+')
  end
  redis.call('ZREM', keys.slots, unpack(members))
  if redis.call('ZADD', keys.gates, 'XX', 'CH', unpack(pokes)) > 0 then wake_one(keys.wake) end
end
