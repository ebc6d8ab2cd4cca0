-- Takes a job that has not started out of its place, but for its record and state.
local function take_out(keys, id, task, entry)
  if string.find(entry, '^%d+%-%d+$') then drop_entries(keys.stream, { entry }) end
  redis.call('ZREM', keys.scheduled, id)
  redis.call('ZREM', keys.returned, id)
  redis.call('ZREM', keys.stranded, task .. ' ' .. id)
end

-- A job that has not started is another call from now on, under its old id: new arguments and options, no
-- attempts, failure or checkpoint. One that waits keeps its place in line unless the call is for later (`due`). `job` is
-- what parse_state and parse_record say of it. Returns the letter of its state: s, w, or h for an heir.
local function replace_job(keys, id, job, task, options, body, due)
  local where, new = job.where, nil
  local entry = job.place == 'S' and '' or job.entry or where
  if job.place == 'H' then
    where, new = '@' .. whole(due or 0), 'H 0 0 ' .. whole(due or 0) .. ' heir'
  elseif due then
    take_out(keys, id, task, entry)
    redis.call('ZADD', keys.scheduled, whole(due), id)
    where = '@' .. whole(due)
  elseif job.place == 'S' then
    redis.call('ZREM', keys.scheduled, id)
    where = redis.call('XADD', keys.stream, '*', 'i', id)
    wake_one(keys.wake)
  else
    where, new = entry, job.place ~= 'W' and job.place .. ' 0 0 ' .. entry .. ' ' .. job.word
  end
  if new then redis.call('HSET', keys.state, id, new) else redis.call('HDEL', keys.state, id) end
  redis.call('HSET', keys.jobs, id, 'x' .. where .. ' ' .. task .. ' ' .. options .. '\n' .. body)
  redis.call('HDEL', keys.errors, id)
  redis.call('HDEL', keys.checkpoints, id)
  local bytes = (tonumber(record_option(options, 'z')) or 0) - (tonumber(record_option(job.options, 'z')) or 0)
  if bytes ~= 0 then redis.call('HINCRBY', keys.counts, 'bytes', bytes) end
  return job.place == 'H' and 'h' or due and 's' or 'w'
end
