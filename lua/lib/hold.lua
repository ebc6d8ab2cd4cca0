--# include lib/class.lua
--# include lib/write_all.lua
-- Holds the limiters that these jobs say are exhausted, `{id, until_ms, limit}` each, until then: those of the named
-- definition; without a name its rates that have a key, else all its rates, else what limits its concurrency.
-- `is_held` says whether a job had any.
local function hold_limiters(keys, told)
  local ids, scores = {}, {}
  for i, job in ipairs(told) do ids[i] = job.id end
  for i, record in ipairs(redis.call('HMGET', keys.jobs, unpack(ids))) do
    local _, _, task, options = parse_record(record or '')
    local best, rank = {}, 0
    for _, limiter in ipairs(task and select(3, class_parts(class_of(task, options))) or {}) do
      local kind, id = limiter[1], limiter[2]
      local own = kind == 'o' and 0 or kind == 'c' and 1 or string.find(id, '!') and 3 or 2
      if told[i].limit ~= '' and kind ~= 'o' then own = string.match(id, '^.([^!]*)') == told[i].limit and 4 or 0 end
      if own > rank then best, rank = {}, own end
      if own == rank and own > 0 then best[#best + 1] = id end
    end
    told[i].is_held = rank > 0
    for _, id in ipairs(best) do
      scores[#scores + 1] = whole(told[i].until_ms * 1000)
      scores[#scores + 1] = 'h' .. id
    end
  end
  write_all('ZADD', keys.rates, scores, 'GT')
end
