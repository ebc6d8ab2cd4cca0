-- A job's opts name its unique key, `u=<digest>:<letters>:<mode>`, and in which of its states it holds the
-- key: s scheduled, w waiting, r running. `unique` says who holds a key, `heirs` who is next: the newest
-- call that was made while the holder ran.
--# include lib/state.lua
local function unique_of(options)
  return string.match(record_option(options, 'u') or '', '^(%x+):(%l+):(%S+)$')
end

-- The holder has let the key go: it is the heir's now, and the heir may run, or is scheduled.
local function let_heir_go(keys, digest, heir, now)
  redis.call('HDEL', keys.heirs, digest)
  local record = redis.call('HGET', keys.jobs, heir)
  local _, _, _, due = parse_state(redis.call('HGET', keys.state, heir))
  due = tonumber(due)
  local letters = record and select(2, unique_of(select(4, parse_record(record))))
  if not due or not letters then return redis.call('HDEL', keys.unique, digest) end -- keys touched by hand
  local _, _, task, options = parse_record(record)
  local text = 'S 0 0 ' .. whole(due) .. ' heir'
  if due > now then
    redis.call('ZADD', keys.scheduled, whole(due), heir)
  else
    local job = { id = heir, task = task, options = options }
    place_jobs(keys, { job }, now * 1000)
    text = (job.class and 'P 0 0 ' or 'W 0 0 ') .. job.entry .. ' heir'
  end
  redis.call('HSET', keys.state, heir, text)
  if string.find(letters, due > now and 's' or 'w') then
    redis.call('HSET', keys.unique, digest, heir)
  else
    redis.call('HDEL', keys.unique, digest)
  end
  wake_one(keys.wake)
end
