--# include lib/holder.lua
--# include lib/end_cancelled.lua
-- Runs that are over without an outcome of their own, as holders or lapsed_jobs give them: those that somebody asked
-- to cancel end as cancelled, here and now, whichever way they would have gone on. Writes CANCELLED to `words` for
-- them; returns the others.
local function end_asked(keys, mine, words, now)
  local rest, gone, ids, cap = {}, {}, {}, nil
  for _, job in ipairs(mine) do
    if job.asked then
      gone[#gone + 1], ids[#ids + 1] = job, job.id
    else
      rest[#rest + 1] = job
    end
  end
  if #gone == 0 then return mine end
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(ids))) do
    local job = gone[i]
    local ttl_ms, most, told = string.match(job.asked, '^(%d+):(%d+):(.*)!$')
    job.worker = told ~= '-' and told or job.worker
    job.task = select(3, parse_record(record or '')) or '?'
    job.ttl_ms, job.run_ms, cap = tonumber(ttl_ms), math.max(0, now - (tonumber(job.since) or now)), tonumber(most)
    if job.n then words[job.n] = 'CANCELLED' end
  end
  end_cancelled(keys, gone, now, cap)
  drop_held(keys.leases, keys.claims, keys.held, gone)
  return rest
end
