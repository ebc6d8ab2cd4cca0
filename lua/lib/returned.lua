-- Where a job stands among the returned ones: by its entry in the stream, so that it keeps its place.
-- 12 bits of the sequence are what a double has left beside milliseconds.
local function entry_order(entry)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  return string.format('%.6f', tonumber(ms) + math.min(tonumber(seq), 4095) / 4096)
end

-- Hands jobs back: the entries stay pending, now of the consumer `~returned`, and the jobs are claimed
-- before the stream is read. `jobs_back` is a list of `{id, attempt (runs counted), crashes, entry, reason}`.
local function put_back(state, stream, returned, jobs_back)
  if #jobs_back == 0 then return end
  local states, orders, entries = {}, {}, {}
  for i, job in ipairs(jobs_back) do
    states[2 * i - 1] = job.id
    states[2 * i] = string.format('B %d %d %s %s', job.attempt, job.crashes, job.entry, job.reason)
    orders[2 * i - 1] = entry_order(job.entry)
    orders[2 * i] = job.id
    entries[i] = job.entry
  end
  redis.call('HSET', state, unpack(states))
  redis.call('ZADD', returned, unpack(orders))
  entries[#entries + 1] = 'FORCE'
  entries[#entries + 1] = 'JUSTID'
  redis.call('XCLAIM', stream, 'workers', '~returned', 0, unpack(entries))
end
