--# include lib/class.lua
--# include lib/lists.lua
-- What is known of one limiter, added to `reply`.
local function limiter_row(keys, reply, id)
  local definition = string.match(id, '^.([^!]*)')
  local rates = redis.call('ZMSCORE', keys.rates, id, 'h' .. id)
  local low, high = '[' .. id .. '\0', '(' .. id .. '\1'
  local jobs, first, known = 0, '', {}
  local settings = read_settings(keys.limits, { definition, string.sub(id, 2) })
  for _, member in ipairs(redis.call('ZRANGE', keys.line, low, high, 'BYLEX', 'LIMIT', 0, 20)) do
    local class = string.match(member, '([^%z]+)$')
    if first == '' then first = class end
    jobs = jobs + redis.call('ZLEXCOUNT', keys.parked, '[' .. class .. '\0', '(' .. class .. '\1')
  end
  local slot = first == '' and behind(first_lex(keys.slots, id), id)
  if slot then
    local _, _, task, options = parse_record(redis.call('HGET', keys.jobs, slot) or '')
    first = task and class_of(task, options) or ''
  end
  known = { id, redis.call('ZLEXCOUNT', keys.slots, low, high), settings(string.sub(id, 2)) or settings(definition) or '',
    rates[1] or '', rates[2] or '', redis.call('ZSCORE', keys.gates, id) or '',
    redis.call('ZLEXCOUNT', keys.line, low, high), jobs, first }
  for _, value in ipairs(known) do reply[#reply + 1] = value end
end
