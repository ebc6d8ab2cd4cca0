-- May a tick have its job now? OK, HELD until the run before has ended, or SKIPPED.
local function run_word(keys, mine, overlap)
  if mine.held ~= '-' and not is_held_back(keys.scheduled, mine.held) then
    mine.last, mine.held = job_lives(keys.jobs, keys.state, mine.held) and mine.held or mine.last, '-'
  end
  if overlap == 'allow' then return 'OK' end
  if mine.held == '-' and not job_lives(keys.jobs, keys.state, mine.last) then return 'OK' end
  return overlap == 'queue_one' and mine.held == '-' and 'HELD' or 'SKIPPED'
end

-- Makes the job of item `at` (in ARGV): a scheduled one that is due, or held back behind the last.
local function make_run(keys, schedule, mine, at, held, extra, now, ends)
  local id, tick, opts, due = ARGV[at], ARGV[at + 1], ARGV[at + 4], whole(now)
  if held then
    due, opts, mine.held = held_back_ms, opts .. ',b=' .. mine.last, id
    redis.call('HSET', keys.schedule_held, mine.last, id)
  elseif not extra then
    mine.last = id
  end
  if ends then opts = opts .. ',x=' .. whole(ends) end
  local record = (ends and 'x@' or '.@') .. due .. ' ' .. ARGV[at + 3] .. ' ' .. opts .. '\n' .. ARGV[at + 5]
  redis.call('HSET', keys.jobs, id, record)
  redis.call('ZADD', keys.scheduled, due, id)
  redis.call('HSET', keys.schedule_runs, id, schedule .. ' ' .. tick .. ' ' .. whole(now) .. ' - 0 0')
end

-- The last 20 jobs of a schedule, the newest first.
local function log_runs(schedule_log, schedule_runs, schedule, made)
  local ids = {}
  for i = #made, 1, -1 do ids[#ids + 1] = made[i] end
  for id in string.gmatch(redis.call('HGET', schedule_log, schedule) or '', '%S+') do ids[#ids + 1] = id end
  for i = 21, #ids do redis.call('HDEL', schedule_runs, ids[i]) end
  redis.call('HSET', schedule_log, schedule, table.concat(ids, ' ', 1, math.min(#ids, 20)))
end

local function move_on(schedule_due, schedule, mine, cursor, look_at, missed)
  mine.cursor, mine.missed = cursor, whole(mine.missed + missed)
  if cursor == 'end' then return redis.call('ZREM', schedule_due, schedule) end
  redis.call('ZADD', schedule_due, whole(look_at), schedule)
end
