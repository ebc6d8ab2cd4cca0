-- Calls whose unique key has a holder.
--# include lib/as_it_is.lua
--# include lib/replace.lua
--# include lib/tally_count.lua

-- When a debounced job is due: after so much quiet, but no later than its longest wait after the first call,
-- which `old` names where it is another call for the same job. The options then say when that was.
local function debounced(options, old, now)
  local quiet, longest = string.match(record_option(options, 'd') or '', '^(%d+):(%d*)$')
  if not quiet then return nil, options end
  local begun = tonumber(record_option(old, 'f')) or now
  local due = math.min(now + tonumber(quiet), begun + (tonumber(longest) or math.huge))
  return math.max(now, due), options .. ',f=' .. whole(begun)
end

-- Returns the word of a call `{id, task, options, body, due, digest, letters, mode}`: `EXISTS id`,
-- `TAKEN id`, `REPLACED id`, or OK where it is a new job that waits for the holder to end.
local function meet(keys, call, holder, now)
  local heir = redis.call('HGET', keys.heirs, call.digest)
  local runs = job_as_it_is(keys, holder).place == 'R'
  if call.mode == 'raise' then return 'TAKEN ' .. holder end
  if call.mode == 'return' or (call.mode == 'replace' and runs and not heir) then return 'EXISTS ' .. holder end
  local id = heir or (runs and call.id) or holder
  local job = id == call.id and { place = 'H', where = '@0', options = '-', task = call.task } or job_as_it_is(keys, id)
  local going_on = job.word == nil or job.word == 'heir' -- else it ran before: a new call, a new wait
  local due, options = debounced(call.options, going_on and job.options or '-', now)
  if not due then due = call.due
  elseif job.place ~= 'S' and job.place ~= 'H' then due = nil end -- its quiet is over, it is about to start
  local letter = replace_job(keys, id, job, call.task, options, call.body, due, now)
  if letter == 'h' then redis.call('HSET', keys.heirs, call.digest, id)
  elseif not string.find(call.letters, letter) then redis.call('HDEL', keys.unique, call.digest) end
  redis.call('HINCRBY', keys.counts, id == call.id and 'enqueued' or 'replaced', 1)
  if id == call.id then tally_write(keys.sums, { call.task, [call.task] = { [tally_fields.enqueued] = 1 } }, now) end
  return id == call.id and 'OK' or 'REPLACED ' .. id
end
