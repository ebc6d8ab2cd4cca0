--# include lib/returned.lua
--# include lib/runs.lua
--# include lib/vacate.lua
--# include lib/tally_count.lua
-- Jobs whose run ended without an outcome go back to their place, or, lost too often, are dead as
-- `poison`. `lost` marks a run that may have happened (bound 0: never run twice), `crashed` one whose
-- process is known to be dead. Returns those that died.
local function back_or_poison(keys, gone, now, dead_cap)
  local back, again, poisoned, ids, texts, entries, lines, batch, crashed = {}, {}, {}, {}, {}, {}, {}, {}, 0
  for _, job in ipairs(gone) do
    local bound, task
    local record = job.lost and redis.call('HGET', keys.jobs, job.id)
    if record then bound, task = crash_bound(record, keys.policy) end
    if task then tally_add(batch, task, tally_fields.reclaimed, 1) end
    if job.crashed then crashed, job.crashes = crashed + 1, job.crashes + 1 end
    if record and (bound == 0 or (job.crashed and job.crashes >= bound)) then
      local n = #poisoned + 1
      job.how, job.reason, job.error = job.reason, 'poison', false
      tally_add(batch, task, tally_fields.dead, 1)
      poisoned[n], ids[n], entries[n] = job, job.id, job.entry
      texts[n] = outcome_text('poison', whole(now), job.attempt, 0, task, '')
      lines[n] = job.id .. ' poison ' .. job.attempt .. ' 0 ' .. whole(now) .. ' ' .. task
    else
      job.number, job.attempt = job.attempt, job.attempt - 1
      back[#back + 1] = job
      if job.lost then again[#again + 1] = job end
    end
  end
  vacate(keys.park, back, false, now * 1000)
  vacate(keys.park, poisoned, true, now * 1000)
  keep_runs(keys.errors, again, now)
  put_back(keys, back, now)
  drop_entries(keys.stream, entries)
  push_ended(keys.dropped, lines, keys.schedule_ended)
  local evicted = bury_jobs(keys.jobs, keys.state, keys.dead, keys.errors, keys.progress, keys.checkpoints, poisoned, now, dead_cap)
  notify(keys.waiters, ids, texts) tally_write(keys.sums, batch, now)
  count(keys.counts, 'died', #poisoned, 'crashed', crashed, 'evicted', evicted)
  return poisoned
end
