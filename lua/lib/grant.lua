--# include lib/again.lua
--# include lib/ghost.lua
--# include lib/restore.lua
-- Writes down that these jobs run now, and that this claim of a worker holds them until its deadline.
local function grant(state, claims, held, leases, worker, token, deadline_ms, taken, states)
  if #taken == 0 then return end
  redis.call('HSET', state, unpack(states))
  redis.call('HSET', claims, token, worker .. ' ' .. #taken .. ' ' .. table.concat(taken, ' '))
  redis.call('HSET', held, token, #taken)
  redis.call('ZADD', leases, whole(deadline_ms), token)
end
