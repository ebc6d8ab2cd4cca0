--# include lib/unique.lua
-- Refuses options that can't be read, before the first write.
local function check_run(opts)
  if record_option(opts, 'u') and not unique_of(opts) then error('a unique key as digest:letters:mode expected') end
end

-- May a tick have its job now? OK, HELD until the run before has ended, SKIPPED, or `TAKEN id`.
local function run_word(keys, mine, overlap, opts)
  if mine.held ~= '-' and not is_held_back(keys.scheduled, mine.held) then
    mine.last, mine.held = job_lives(keys.jobs, keys.state, mine.held) and mine.held or mine.last, '-'
  end
  local is_free = overlap == 'allow' or (mine.held == '-' and not job_lives(keys.jobs, keys.state, mine.last))
  if not is_free and not (overlap == 'queue_one' and mine.held == '-') then return 'SKIPPED' end
  local digest = unique_of(opts)
  local holder = digest and redis.call('HGET', keys.unique, digest)
  if holder and redis.call('HEXISTS', keys.jobs, holder) == 1 then return 'TAKEN ' .. holder end
  return is_free and 'OK' or 'HELD'
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
  local digest, letters = unique_of(opts)
  if digest and string.find(letters, 's') then redis.call('HSET', keys.unique, digest, id) end
  local bytes = record_option(opts, 'z')
  if bytes then redis.call('HINCRBY', keys.counts, 'bytes', bytes) end
  local record = ((ends or string.find(',' .. opts, ',[qpuz]=')) and 'x@' or '.@') .. due .. ' ' .. ARGV[at + 3] .. ' ' .. opts .. '\n' .. ARGV[at + 5]
  redis.call('HSET', keys.jobs, id, record)
  redis.call('ZADD', keys.scheduled, due, id)
  redis.call('HSET', keys.schedule_runs, id, schedule .. ' ' .. tick .. ' ' .. whole(now) .. ' - 0 0')
end
