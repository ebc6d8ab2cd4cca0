--# include lib/vacate.lua
--# include lib/entries.lua
--# include lib/outcome.lua
--# include lib/notify.lua
--# include lib/tally_count.lua
--# include lib/beside.lua
-- Ends jobs that were too old to start; `late` and `later` are lists of `{id, entry, attempt, task, marked}`.
-- `keys` names the keys as claim.lua does, and the `batch` that counts them. Returns their summaries.
local function expire_jobs(keys, late, later, now, ttl_ms, cap)
  for _, job in ipairs(later) do late[#late + 1] = job end
  local ids, entries, texts, kept, lines = {}, {}, {}, {}, {}
  for i, job in ipairs(late) do ids[i], entries[i] = job.id, job.entry end
  local earlier = runs_beside(keys.errors, ids)
  for i, job in ipairs(late) do
    texts[i] = outcome_text('expired', whole(now), job.attempt, 0, job.task, earlier[i])
    kept[i] = { job.id, texts[i], ttl_ms }
    tally_add(keys.batch, job.task, tally_fields.expired, 1)
    lines[i] = job.id .. ' expired ' .. job.attempt .. ' 0 ' .. whole(now) .. ' ' .. job.task
  end
  vacate(keys.park, late, true, now * 1000)
  push_ended(keys.dropped, lines, keys.schedule_ended)
  drop_entries(keys.stream, entries)
  redis.call('HDEL', keys.jobs, unpack(ids))
  redis.call('HDEL', keys.state, unpack(ids))
  redis.call('HDEL', keys.errors, unpack(ids))
  redis.call('HDEL', keys.checkpoints, unpack(ids))
  keep_outcomes(keys.results, keys.results_expiry, keys.counts, kept, now, cap)
  notify(keys.waiters, ids, texts)
  redis.call('HINCRBY', keys.counts, 'expired', #ids)
  return lines
end
