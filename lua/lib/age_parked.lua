--# include lib/timer_gate.lua
--# include lib/write_all.lua
-- Gives parked jobs the time at which they have aged, a page of them, after the patience of the queue was set: those
-- that came before it was known have none, or an older one. Returns the last of the page; nil: that was all.
local function age_parked(keys, from, limit)
  local own, set = unpack(redis.call('HMGET', keys.limits, 'aging', '=aging'))
  local aging, timed = tonumber(set or own or nil), {}
  if not aging then return nil end
  local low = from == '' and '-' or '(' .. from
  local members = redis.call('ZRANGE', keys.parked, low, '+', 'BYLEX', 'LIMIT', 0, limit)
  for _, member in ipairs(members) do
    local rank, since, id = string.match(member, '%z(%d)(%d+) (.*)$')
    if rank ~= '0' then
      timed[#timed + 1], timed[#timed + 2] = whole(tonumber(since) + aging * 1000), 'a ' .. id
    end
  end
  write_all('ZADD', keys.timers, timed)
  set_timer_gate(keys)
  return #members == limit and members[limit] or nil
end
