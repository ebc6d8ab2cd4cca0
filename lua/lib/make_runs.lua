-- The jobs of a schedule's ticks, items of six in ARGV from `first` on: returns OK and a word for each, and the ids of
-- those that were made, whose counts by task are in `batch`. `overlap` is `*` for an extra run.
local function make_runs(keys, schedule, mine, ids, first, overlap, now, ends, batch)
  local words, made, extra = { 'OK' }, {}, overlap == '*'
  for n, id in ipairs(ids) do
    local item, word = first + 6 * (n - 1), 'ALREADY'
    if redis.call('HEXISTS', keys.schedule_runs, id) == 0 then
      word = run_word(keys, mine, extra and 'allow' or overlap, ARGV[item + 4])
      local is_made = word == 'OK' or word == 'HELD'
      if is_made then
        made[#made + 1] = id
        tally_add(batch, ARGV[item + 3], tally_fields.enqueued, 1)
        make_run(keys, schedule, mine, item, word == 'HELD', extra, now, ends[n])
      end
      local counter = is_made and 'fired' or 'skipped'
      mine[counter] = whole(mine[counter] + 1)
    end
    words[n + 1] = word
  end
  return words, made
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
