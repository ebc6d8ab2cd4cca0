--# include lib/park_again.lua
--# include lib/write_all.lua
-- Where a job stands among the returned ones: by its entry in the stream, so that it keeps its place.
-- 12 bits of the sequence are what a double has left beside milliseconds.
local function entry_order(entry)
  local ms, seq = string.match(entry, '^(%d+)-(%d+)$')
  return string.format('%.6f', tonumber(ms) + math.min(tonumber(seq), 4095) / 4096)
end

-- Hands jobs back, `{id, attempt (runs counted), crashes, entry, reason}` each: the entries stay pending, now of
-- the consumer `~returned`, and the jobs are claimed before the stream is read. Pumped ones return to the line.
local function put_back(keys, jobs_back, now)
  if #jobs_back == 0 then return end
  local states, orders, entries, ids, going = {}, {}, {}, {}, {}
  for i, job in ipairs(jobs_back) do
    local in_line = string.byte(job.entry) == 38
    ids[i], states[2 * i - 1] = job.id, job.id
    states[2 * i] = string.format('%s %d %d %s %s', in_line and 'P' or 'B', job.attempt, job.crashes, job.entry, job.reason)
    if in_line then
      going[#going + 1] = { id = job.id, order = string.sub(job.entry, 2) }
    else
      orders[#orders + 1] = entry_order(job.entry)
      orders[#orders + 1] = job.id
      entries[#entries + 1] = job.entry
    end
  end
  redis.call('HSET', keys.state, unpack(states))
  write_all('ZADD', keys.returned, orders)
  redis.call('HDEL', keys.progress, unpack(ids))
  own_entries(keys.stream, '~returned', entries)
  park_again(keys.park, going, now * 1000)
end
