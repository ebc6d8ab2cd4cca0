--# include lib/take_out.lua
-- A job that has not started is another call from now on, under its old id: new arguments and options, no
-- attempts, failure or checkpoint. One that waits keeps its place in line unless the call is for later (`due`). `job` is
-- what parse_state and parse_record say of it. Returns the letter of its state: s, w, or h for an heir.
local function replace_job(keys, id, job, task, options, body, due, now)
  local where, new = job.where, nil
  local entry = job.place == 'S' and '' or job.entry or where
  local in_line = string.byte(entry) == 38
  local stays = not due and job.place ~= 'S' and class_of(task, options) == class_of(job.task, job.options)
    and record_option(options, 'p') == record_option(job.options, 'p') and is_parked_kind(options) == in_line
  if job.place == 'H' then
    where, new = '@' .. whole(due or 0), 'H 0 0 ' .. whole(due or 0) .. ' heir'
  elseif stays and job.place ~= 'P' then
    where, new = entry, (job.place == 'B' or job.place == 'N') and job.place .. ' 0 0 ' .. entry .. ' ' .. job.word
  else
    take_out(keys, id, job, entry, now * 1000)
    if due then
      redis.call('ZADD', keys.scheduled, whole(due), id)
      where = '@' .. whole(due)
    else
      local order = stays and string.sub(entry, 2) or nil -- taken out all the same: it may expire at another time
      local place = { id = id, task = task, options = options, order = order }
      place_jobs(keys.park, { place }, now * 1000)
      where = place.entry
      wake_one(keys.wake)
    end
  end
  if new then redis.call('HSET', keys.state, id, new) else redis.call('HDEL', keys.state, id) end
  redis.call('HSET', keys.jobs, id, 'x' .. where .. ' ' .. task .. ' ' .. options .. '\n' .. body)
  redis.call('HDEL', keys.errors, id)
  redis.call('HDEL', keys.checkpoints, id)
  local bytes = (tonumber(record_option(options, 'z')) or 0) - (tonumber(record_option(job.options, 'z')) or 0)
  if bytes ~= 0 then redis.call('HINCRBY', keys.counts, 'bytes', bytes) end
  return job.place == 'H' and 'h' or due and 's' or 'w'
end
