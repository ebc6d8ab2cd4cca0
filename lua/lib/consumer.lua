-- Removes a worker's consumer from the group where it holds no pending entry.
local function drop_consumer(stream, worker)
  local pending = redis.pcall('XPENDING', stream, 'workers', '-', '+', 1, worker)
  if not pending.err and #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', stream, 'workers', worker) end
end

-- The same for those of these jobs' workers that were forgotten while something was pending there: nobody else
-- would remove them.
local function drop_forgotten(stream, workers, taken)
  local seen = {}
  for _, job in ipairs(taken) do
    if not seen[job.worker] and not redis.call('ZSCORE', workers, job.worker) then drop_consumer(stream, job.worker) end
    seen[job.worker] = true
  end
end
