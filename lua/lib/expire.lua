-- Ends jobs that were too old to start; `late` is a list of `{id, entry, attempt, task}`.
-- `keys` names the keys as claim.lua does.
local function expire_jobs(keys, late, now, ttl_ms, cap)
  if #late == 0 then return end
  local ids, entries, texts, kept, lines = {}, {}, {}, {}, {}
  for i, job in ipairs(late) do
    ids[i], entries[i] = job.id, job.entry
    texts[i] = outcome_text('expired', whole(now), job.attempt, 0, job.task, '')
    kept[i] = { job.id, texts[i], ttl_ms }
    lines[i] = job.id .. ' expired ' .. job.attempt .. ' 0 ' .. whole(now) .. ' ' .. job.task
  end
  push_ended(keys.dropped, lines, keys.schedule_ended)
  drop_entries(keys.stream, entries)
  redis.call('HDEL', keys.jobs, unpack(ids))
  redis.call('HDEL', keys.state, unpack(ids))
  redis.call('HDEL', keys.errors, unpack(ids))
  redis.call('HDEL', keys.checkpoints, unpack(ids))
  keep_outcomes(keys.results, keys.results_expiry, keys.counts, kept, now, cap)
  notify(keys.waiters, ids, texts)
  redis.call('HINCRBY', keys.counts, 'expired', #ids)
end
