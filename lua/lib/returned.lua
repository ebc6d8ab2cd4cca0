-- Where a job stands among the returned ones: by its entry in the stream, so that it keeps its place.
-- 12 bits of the sequence are what a double has left beside milliseconds.
local function entry_order(entry)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  return string.format('%.6f', tonumber(ms) + math.min(tonumber(seq), 4095) / 4096)
end

-- Hands jobs back: the entries stay pending, now of the consumer `~returned`, and the jobs are claimed
-- before the stream is read. `jobs_back` is a list of `{id, attempt (runs counted), crashes, entry, reason}`.
local function put_back(state, stream, returned, progress, jobs_back)
  if #jobs_back == 0 then return end
  local states, orders, entries, ids = {}, {}, {}, {}
  for i, job in ipairs(jobs_back) do
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('B %d %d %s %s', job.attempt, job.crashes, job.entry, job.reason)
    orders[2 * i - 1] = entry_order(job.entry)
    orders[2 * i] = job.id
    entries[i], ids[i] = job.entry, job.id
  end
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', returned, unpack(orders))
  redis.call('HDEL', progress, unpack(ids))
  own_entries(stream, '~returned', entries)
end
