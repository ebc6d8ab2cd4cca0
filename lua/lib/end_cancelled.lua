--# include lib/entries.lua
--# include lib/outcome.lua
--# include lib/notify.lua
--# include lib/vacate.lua
--# include lib/tally_count.lua
--# include lib/beside.lua
-- Ends jobs as cancelled, but for the place where they wait: `{id, task, attempt, run_ms, entry, marked, asked, ttl_ms, worker}`
-- each. `keys` as lib/ending_keys.lua has them.
local function end_cancelled(keys, gone, now, cap)
  local ids, entries, texts, kept, lines, batch = {}, {}, {}, {}, {}, {}
  for i, job in ipairs(gone) do ids[i] = job.id end
  local earlier = runs_beside(keys.errors, ids)
  for i, job in ipairs(gone) do
    if string.find(job.entry, '^%d+%-%d+$') then entries[#entries + 1] = job.entry end
    local task = job.worker and ran_by(job.task, job.worker) or job.task
    texts[i] = outcome_text('cancelled', whole(now), job.attempt, whole(job.run_ms), task, earlier[i])
    kept[i] = { job.id, texts[i], job.ttl_ms }
    tally_add(batch, job.task, tally_fields.cancelled, 1)
    if job.asked then tally_time(batch, job.task, tally_fields.ran, job.run_ms, 1) end
    lines[i] = job.id .. ' cancelled ' .. job.attempt .. ' ' .. whole(job.run_ms) .. ' ' .. whole(now) .. ' ' .. job.task
  end
  vacate(keys.park, gone, true, now * 1000)
  push_ended(keys.dropped, lines, keys.schedule_ended)
  drop_entries(keys.stream, entries)
  for _, name in ipairs({ 'jobs', 'state', 'errors', 'progress', 'checkpoints' }) do
    redis.call('HDEL', keys[name], unpack(ids))
  end
  keep_outcomes(keys.results, keys.results_expiry, keys.counts, kept, now, cap)
  notify(keys.waiters, ids, texts)
  redis.call('HINCRBY', keys.counts, 'cancelled', #ids)
  tally_write(keys.sums, batch, now)
end
