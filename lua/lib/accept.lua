-- Accepts new jobs into the stream or `scheduled`. `values` has seven texts for each job, the first one's
-- from `first` on: id, due, expires, idem (not read here), task, opts, body; `fresh` lists the numbers of
-- those to accept. due: "0" now, "+ms" from now, "@ms" at; expires: "-" never, "+ms", "@ms". In two
-- steps: what can't be read is refused by the first, and only the second one writes.
--# include lib/at.lua

local function read_times(keys, values, first, fresh, now)
  local times = { asleep = redis.call('LLEN', keys.wake) == 0, dues = {}, ends = {} }
  for _, n in ipairs(fresh) do
    local due, expires = values[first + 7 * n - 6], values[first + 7 * n - 5]
    if due ~= '0' or expires ~= '-' then -- what runs now and for ever needs no clock
      now = now or clock_ms()
      times.head = times.head
        or tonumber(redis.call('ZRANGE', keys.scheduled, 0, 0, 'WITHSCORES')[2]) or math.huge
      times.dues[n], times.ends[n] = instant(due, now, '0'), instant(expires, now, '-')
    end
  end
  return times
end

local function accept_jobs(keys, values, first, fresh, times)
  if #fresh == 0 then return end
  local records, wanted = {}, false
  for i, n in ipairs(fresh) do
    local item, due, ends = first + 7 * (n - 1), times.dues[n], times.ends[n]
    local id, opts, flag, where = values[item], values[item + 5], '.', nil
    if due then
      where, wanted = '@' .. whole(due), wanted or due < times.head
      redis.call('ZADD', keys.scheduled, whole(due), id)
    else
      where, wanted = redis.call('XADD', keys.stream, '*', 'i', id), true
    end
    if ends then flag, opts = 'x', (opts == '-' and '' or opts .. ',') .. 'x=' .. whole(ends) end
    records[2 * i - 1], records[2 * i] = id, flag .. where .. ' ' .. values[item + 4] .. ' ' .. opts .. '\n' .. values[item + 6]
  end
  redis.call('HSET', keys.jobs, unpack(records))
  count(keys.counts, 'enqueued', #fresh)
  if wanted and times.asleep then redis.call('LPUSH', keys.wake, '1') end -- as wake_one
end
