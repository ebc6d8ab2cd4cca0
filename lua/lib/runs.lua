--# include lib/clock.lua
-- What is kept of runs that ended badly, the last ten, the oldest first: `!` and a packed list of {number,
-- how, worker, since, ended, failure}. Only jobs that fail have any. The last failure is kept whole, an earlier
-- one up to 8 KiB; runs that only asked to come again later count as one.
local function kept_runs(text)
  if not text or string.byte(text) ~= 33 then return {} end
  local fine, runs = pcall(cmsgpack.unpack, string.sub(text, 2))
  return fine and type(runs) == 'table' and runs or {}
end

-- Adds a run to each of these: `{id, number or attempt, how or reason, worker, since, error or false}`.
local function keep_runs(errors, gone, now)
  if #gone == 0 then return end
  local ids, texts = {}, {}
  for i, job in ipairs(gone) do ids[i] = job.id end
  for i, text in ipairs(redis.call('HMGET', errors, unpack(ids))) do
    local job, runs, ended = gone[i], kept_runs(text), whole(now)
    local failure, how, last = job.error or '', job.how or job.reason, runs[#runs]
    if last and last[2] == 'snooze' and how == 'snooze' then table.remove(runs) end
    if failure ~= '' then
      for _, run in ipairs(runs) do if #(run[6] or '') > 8192 then run[6] = '' end end
    end
    while #runs > 9 do table.remove(runs, 1) end
    local since = math.min(tonumber(job.since) or now, now)
    runs[#runs + 1] = { tostring(job.number or job.attempt), how, job.worker or '', whole(since), ended, failure }
    texts[2 * i - 1], texts[2 * i] = job.id, '!' .. cmsgpack.pack(runs)
  end
  redis.call('HSET', errors, unpack(texts))
end
