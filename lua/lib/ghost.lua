--# include lib/wake.lua
-- A claim that was sent ahead may outlive its worker: a child that one of its jobs forked keeps the
-- connection open. What a worker claims that was forgotten nobody runs, so the marker is for another one.
local workers = KEYS[+] -- zset, worker by the time until which it counts as alive

local function is_ghost(workers, worker)
  return not redis.call('ZSCORE', workers, worker)
end

-- That claim's answer: no jobs, and "look again", should the worker live all the same.
local function pass_on(wake, reply)
  reply[3] = 1
  wake_one(wake)
  return reply
end
