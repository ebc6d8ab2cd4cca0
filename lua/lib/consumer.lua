-- Removes a worker's consumer from the group where it holds no pending entry.
local function drop_consumer(stream, worker)
  if redis.call('EXISTS', stream) == 0 then return end
  local pending = redis.pcall('XPENDING', stream, 'workers', '-', '+', 1, worker)
  if not pending.err and #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', worker) end
end
