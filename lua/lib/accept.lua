-- Accepts new jobs into the stream, the line or `scheduled`. `values` has seven texts for each job, the first
-- one's from `first` on: id, due, expires, idem (not read here), task, opts, body; `fresh` lists the numbers of
-- those to accept. due: "0" now, "+ms" from now, "@ms" at; expires: "-" never, "+ms", "@ms". In two
-- steps: what can't be read is refused by the first, and only the second one writes.
--# include lib/accept_times.lua
--# include lib/park.lua
--# include lib/count.lua
--# include lib/tally_count.lua

local function accept_jobs(keys, values, first, fresh, times)
  if #fresh == 0 then return end
  local records, wanted, going, made, batch, where = {}, false, {}, {}, {}, nil
  for i, n in ipairs(fresh) do
    local item, due, ends, order = first + 7 * (n - 1), times.dues[n], times.ends[n], times.orders[n]
    local id, task, opts, flag = values[item], values[item + 4], values[item + 5], '.'
    if ends then flag, opts = 'x', (opts == '-' and '' or opts .. ',') .. 'x=' .. whole(ends) end
    if due then
      where, wanted = '@' .. whole(due), wanted or due < times.head
      redis.call('ZADD', keys.scheduled, whole(due), id)
    elseif order then
      where, wanted = '&' .. order, true
      going[#going + 1] = { id = id, class = class_of(task, opts), order = order, options = opts }
    else
      where, wanted = redis.call('XADD', keys.stream, '*', 'i', id), true
    end
    if order or (opts ~= '-' and string.find(opts, '[qpuz]=')) then flag = 'x' end
    made[task] = (made[task] or 0) + 1
    records[2 * i - 1], records[2 * i] = id, flag .. where .. ' ' .. task .. ' ' .. opts .. '\n' .. values[item + 6]
  end
  redis.call('HSET', keys.jobs, unpack(records))
  park_jobs(keys.park, going, times.us)
  count(keys.counts, 'enqueued', #fresh)
  for task, n in pairs(made) do tally_add(batch, task, tally_fields.enqueued, n) end
  tally_write(keys.sums, batch, times.us and times.us / 1000 or tonumber(string.match(where, '^%d+')))
  if wanted and times.asleep then redis.call('LPUSH', keys.wake, '1') times.asleep = false end -- as wake_one
end
