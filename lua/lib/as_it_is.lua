-- A job's place and record, as parse_state and parse_record tell them.
local function job_as_it_is(keys, id)
  local record, job = redis.call('HGET', keys.jobs, id), {}
  local _
  _, job.where, job.task, job.options = parse_record(record)
  job.place, _, _, job.entry, job.word = parse_state(redis.call('HGET', keys.state, id))
  job.place = job.place or ({ ['@'] = 'S', ['&'] = 'P' })[string.sub(job.where, 1, 1)] or 'W'
  return job
end
