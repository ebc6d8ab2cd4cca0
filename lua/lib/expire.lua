-- Ends jobs that were too old to start; `late` is a list of `{id, entry, attempt, task, options}`.
-- `keys` names the keys as claim.lua does; `started` are those that run now and occupy something.
--# include lib/vacate.lua
--# include lib/notify.lua
--# include lib/outcome.lua

local function expire_jobs(keys, started, late, now, ttl_ms, cap)
  move_keys(keys, started, now)
  if #late == 0 then return end
  local ids, entries, texts, kept, lines = {}, {}, {}, {}, {}
  for i, job in ipairs(late) do
    job.to = 'e'
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
  move_keys(keys, late, now)
end
