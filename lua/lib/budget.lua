-- The answer to a call that is too much for its queue, or nil: `FULL`, which budget (jobs or bytes), how much
-- there is, the budget, how much the call would add. Dead jobs don't count, nor calls that find their key held.
local function over_budget(keys, budget, values, first, fresh)
  if budget == '-' then return nil end
  local max_jobs, max_bytes = string.match(budget, '^(%d*) (%d*)$')
  if not max_jobs then error('a budget as "jobs bytes" expected') end
  local jobs, bytes = 0, 0
  for _, n in ipairs(fresh) do
    local options = values[first + 7 * (n - 1) + 5]
    local digest = unique_of(options)
    if not digest or redis.call('HEXISTS', keys.unique, digest) == 0 then
      jobs, bytes = jobs + 1, bytes + (tonumber(record_option(options, 'z')) or 0)
    end
  end
  if jobs == 0 then return nil end
  local there = redis.call('HLEN', keys.jobs) - redis.call('ZCARD', keys.dead)
  if there + jobs > (tonumber(max_jobs) or math.huge) then
    return { 'FULL', 'jobs', whole(there), max_jobs, whole(jobs) }
  end
  local held = tonumber(redis.call('HGET', keys.counts, 'bytes')) or 0
  if held + bytes > (tonumber(max_bytes) or math.huge) then
    return { 'FULL', 'bytes', whole(held), max_bytes, whole(bytes) }
  end
end
