--# include lib/count.lua
--# include lib/clock.lua
-- The text kept of an ended job: kind, time (as text), attempts, run time, task (ran_by whom); then the bytes.
local function outcome_text(kind, now, attempts, run_ms, task, bytes)
  return kind .. ' ' .. now .. ' ' .. attempts .. ' ' .. run_ms .. ' ' .. task .. '\n' .. bytes
end

local function ran_by(task, worker) return task .. '@' .. worker end

-- Which task each list of ended jobs in KEYS is of, and for each what to add to it: nothing yet.
local function ended_tasks(first)
  local tasks, summaries = {}, {}
  for i = first, #KEYS do tasks[i], summaries[i] = string.match(KEYS[i], '}:ended:(.+)$'), {} end
  return tasks, summaries
end

-- Keeps outcomes until their time; over `cap`, the ones nearest their end go first. `kept` is a list
-- of `{id, text, ttl_ms}`. What is removed is bounded by what is added, plus ten to catch up, and counted.
local function keep_outcomes(results, results_expiry, counts, kept, now, cap)
  if #kept == 0 then return end
  local values, scores, ttl_ms, ends = {}, {}, nil, nil -- ends: the same for most, printed once
  for i, outcome in ipairs(kept) do
    if outcome[3] ~= ttl_ms then ttl_ms, ends = outcome[3], whole(now + outcome[3]) end
    values[2 * i - 1], values[2 * i] = outcome[1], outcome[2]
    scores[2 * i - 1], scores[2 * i] = ends, outcome[1]
  end
  redis.call('HSET', results, unpack(values))
  redis.call('ZADD', results_expiry, unpack(scores))
  local over = redis.call('ZCARD', results_expiry) - cap
  if over > 0 then
    local old = redis.call('ZRANGE', results_expiry, 0, math.min(over, #kept + 10) - 1)
    redis.call('HDEL', results, unpack(old))
    redis.call('ZREM', results_expiry, unpack(old))
    count(counts, 'outcomes_evicted', #old)
  end
end
