-- These jobs are no more. An emptied hash is not there: looking costs less than asking it for nothing.
local function forget_jobs(keys, ids)
  redis.call('HDEL', keys.jobs, unpack(ids))
  redis.call('HDEL', keys.state, unpack(ids))
  if redis.call('EXISTS', keys.errors) == 1 then redis.call('HDEL', keys.errors, unpack(ids)) end -- a revived one's too
  if redis.call('EXISTS', keys.progress) == 1 then redis.call('HDEL', keys.progress, unpack(ids)) end
end
