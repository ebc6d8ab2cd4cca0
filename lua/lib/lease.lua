-- The jobs that a claim took run from now on, all under one lease named by its token.
local function start_lease(state, claims, held, leases, worker, token, taken, states, deadline)
  redis.call('HSET', state, unpack(states))
  redis.call('HSET', claims, token, worker .. ' ' .. #taken .. ' ' .. table.concat(taken, ' '))
  redis.call('HSET', held, token, #taken)
  redis.call('ZADD', leases, whole(deadline), token)
end
