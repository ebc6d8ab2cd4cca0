--# include lib/resettle.lua
--# include lib/join.lua
--# include lib/write_all.lua
-- Puts jobs into the line, each `{id, class, order, options}`, their states written by the caller. A job
-- behind the first of its class changes nothing but `parked` (and, the second one, that the first is alone).
local function park_jobs(keys, going, now_us)
  if #going == 0 then return end
  local members, firsts, names, only, timed = {}, {}, {}, {}, {}
  local own, set = unpack(redis.call('HMGET', keys.limits, 'aging', '=aging'))
  local aging = tonumber(set or own or nil)
  for i, job in ipairs(going) do
    members[2 * i - 1], members[2 * i] = 0, job.class .. '\0' .. job.order .. ' ' .. job.id
    if not firsts[job.class] then names[#names + 1] = job.class end
    only[job.class] = firsts[job.class] == nil
    local head = job.order .. ' ' .. job.id
    if not firsts[job.class] or head < firsts[job.class] then firsts[job.class] = head end
    local expires = tonumber(record_option(job.options, 'x'))
    if expires then timed[#timed + 1], timed[#timed + 2] = whole(expires * 1000), 'x ' .. job.id end
    if aging and string.byte(job.order) > 48 then
      timed[#timed + 1], timed[#timed + 2] = whole(tonumber(string.sub(job.order, 2)) + aging * 1000), 'a ' .. job.id
    end
  end
  redis.call('ZADD', keys.parked, unpack(members))
  if keys.last then redis.call('HSET', keys.places, '!last', whole(keys.last)) end
  if next(timed) then
    redis.call('ZADD', keys.timers, unpack(timed))
    redis.call('ZADD', keys.gates, 'LT', redis.call('ZRANGE', keys.timers, 0, 0, 'WITHSCORES')[2], '!timers')
  end
  local stored, moved, heads, second = redis.call('HMGET', keys.places, unpack(names)), {}, {}, {}
  for i, class in ipairs(names) do
    local gate, head, mark = class_place(stored[i])
    if not head or firsts[class] < head then moved[class], heads[class] = false, firsts[class] end
    only[class] = only[class] and not head
    if head and mark ~= '' then second[#second + 1], second[#second + 2] = class, gate .. '\0' .. head end
  end
  write_all('HSET', keys.places, second)
  if not next(moved) then return end
  resettle(keys, now_us, join_gates(keys, moved, stored, names), { heads = heads, only = only })
end
