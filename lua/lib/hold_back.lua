--# include lib/settings.lua
--# include lib/park.lua
--# include lib/entries.lua
--# include lib/write_all.lua
-- Candidates that go into the line instead of being handed out: of a task that is paused, and stranded ones
-- that take limits; what is too old to start ends where it is. Each keeps its place: by its order, or by the time of its entry.
local function hold_back(pump, found)
  local keys, ids, entries, over = pump.keys, {}, {}, 0
  local old, records = redis.call('HMGET', keys.state, unpack(found.ids)), redis.call('HMGET', keys.jobs, unpack(found.ids))
  local names, jobs, going, states, out, drop = {}, {}, {}, {}, {}, {}
  for i, id in ipairs(found.ids) do
    local place, attempt, crashes, entry = parse_state(old[i])
    local _, where, task, options = parse_record(records[i] or '')
    local own = (i <= found.taken_over or not (place == 'R' or place == 'B' or place == 'N'))
      and (tonumber(record_option(options or '-', 'x')) or math.huge) * 1000 > pump.now
    jobs[i] = { id = id, entry = entry or where or found.entries[i], task = task, options = options, own = own,
      state = string.format('P %d %d ', attempt or 0, crashes or 0) }
    if task then names[#names + 1] = 'pause task ' .. task end
  end
  local settings = read_settings(keys.limits, names)
  for i, job in ipairs(jobs) do
    local ms, seq = string.match(job.entry, '^(%d+)-(%d+)$')
    local paused = job.task and settings('pause task ' .. job.task)
    if job.own and job.task and (paused or string.byte(job.entry) == 38) then
      job.order = ms and string.format('5%016.0f', ms * 1000 + math.min(tonumber(seq), 999)) or string.sub(job.entry, 2)
      job.class = class_of(job.task, job.options)
      if ms then drop[#drop + 1] = job.entry else out[#out + 1] = job.id end
      going[#going + 1], states[#states + 1] = job, job.id
      states[#states + 1] = job.state .. '&' .. job.order .. (paused and ' paused' or ' known')
    else
      ids[#ids + 1], entries[#ids + 1] = job.id, found.entries[i] if i <= found.taken_over then over = over + 1 end
    end
  end
  found.ids, found.entries, found.taken_over = ids, entries, over
  if #going == 0 then return end
  redis.call('HSET', keys.state, unpack(states))
  write_all('ZREM', keys.pumped, out)
  drop_entries(keys.stream, drop)
  park_jobs(keys, going, pump.now)
end
