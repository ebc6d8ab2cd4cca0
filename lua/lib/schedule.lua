-- A schedule's state text, and its parts as text: version of the definition, cursor (its next tick in ms;
-- `-`: the first one after `base`; `end`: there is none), base, anchor (an interval's zero), paused (0 or 1),
-- timing (a digest of the expression), last job (`-`: none), the job held back behind it, and how many ticks
-- were fired, missed and skipped.
local schedule_parts =
  { 'version', 'cursor', 'base', 'anchor', 'paused', 'timing', 'last', 'held', 'fired', 'missed', 'skipped' }

local function parse_schedule(text)
  if not text then return nil end
  local schedule, n = {}, 0
  for part in string.gmatch(text, '%S+') do
    n = n + 1
    schedule[schedule_parts[n] or n] = part
  end
  return n == #schedule_parts and schedule or nil
end

local function schedule_text(schedule)
  local values = {}
  for i, name in ipairs(schedule_parts) do values[i] = schedule[name] end
  return table.concat(values, ' ')
end

-- A job that is held back waits in `scheduled` until this time, which no other job has.
local held_back_ms = '9007199254740991'

local function is_held_back(scheduled, id)
  return tonumber(redis.call('ZSCORE', scheduled, id)) == tonumber(held_back_ms)
end

-- Whether a job waits or runs; a dead one does not live.
local function job_lives(jobs, state, id)
  if redis.call('HEXISTS', jobs, id) == 0 then return false end
  return string.sub(redis.call('HGET', state, id) or '', 1, 1) ~= 'D'
end
