--# include lib/expire.lua when called: expire_jobs
--# include lib/keys_of.lua when called: move_keys
-- Hands out what was pumped, each `{id, order, at}`: out of the line and running, with no entry in the stream.
-- Its start, `at`, may lie up to 30 ms ahead. Adds ids and states to those of the claim; returns the delays.
local function hand_out_pumped(pump, taken, states, token, hand_out)
  local ids, delays, out = {}, {}, {}
  pump.keyed = {}
  for i, job in ipairs(pump.taken) do ids[i] = job.id end
  if #ids == 0 then return '' end
  local old, records = redis.call('HMGET', pump.keys.state, unpack(ids)), redis.call('HMGET', pump.keys.jobs, unpack(ids))
  for i, job in ipairs(pump.taken) do
    local _, attempt, crashes = parse_state(old[i])
    local _, _, _, options = parse_record(records[i])
    local occupies = pump.marked[job.id] or string.find(options, '[uz]=')
    if occupies then pump.keyed[#pump.keyed + 1] = { id = job.id, options = options, to = 'r' } end
    taken[#taken + 1] = job.id
    states[#states + 1] = job.id
    states[#states + 1] = string.format('R %d %d &%s %s %.0f', (attempt or 0) + 1, crashes or 0, job.order, token,
      math.ceil(job.at / 1000)) .. (occupies and ' +' or '')
    if job.at > pump.now then delays[#delays + 1] = string.format('%d:%.0f', #taken - 1, job.at - pump.now) end
    out[2 * i - 1], out[2 * i] = 0, job.id
    hand_out(job.id, (attempt or 0) + 1, crashes or 0, records[i], '&' .. job.order, 'P')
  end
  redis.call('ZADD', pump.keys.pumped, unpack(out))
  return table.concat(delays, ' ')
end

-- What started now and has a unique key lets it go, if it is held no longer than until then.
local function start_keyed(keys, found, pump, now)
  for _, move in ipairs(pump.keyed or {}) do found.keyed[#found.keyed + 1] = move end
  if #found.keyed > 0 then move_keys(keys, found.keyed, now) end
end
