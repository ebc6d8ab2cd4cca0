-- These jobs are no more. An emptied hash is not there: looking costs less than asking it for nothing.
local function forget_jobs(keys, ids)
  redis.call('HDEL', keys.jobs, unpack(ids))
  redis.call('HDEL', keys.state, unpack(ids))
  for _, key in ipairs({ keys.errors, keys.progress, keys.checkpoints }) do -- errors: a revived job's
    if redis.call('EXISTS', key) == 1 then redis.call('HDEL', key, unpack(ids)) end
  end
end
