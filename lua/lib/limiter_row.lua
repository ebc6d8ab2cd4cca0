-- What is known of one limiter, added to `reply`.
local function limiter_row(keys, reply, id)
  local definition = string.match(id, '^.([^!]*)')
  local rates = redis.call('ZMSCORE', keys.rates, id, 'h' .. id)
  local low, high = '[' .. id .. '\0', '(' .. id .. '\1'
  local jobs, first, known = 0, '', {}
  for _, member in ipairs(redis.call('ZRANGE', keys.line, low, high, 'BYLEX', 'LIMIT', 0, 20)) do
    local class = string.match(member, '([^%z]+)$')
    if first == '' then first = class end
    jobs = jobs + redis.call('ZLEXCOUNT', keys.parked, '[' .. class .. '\0', '(' .. class .. '\1')
  end
  known = { id, redis.call('ZLEXCOUNT', keys.slots, low, high), read_settings(keys.limits, { definition })(definition) or '',
    rates[1] or '', rates[2] or '', redis.call('ZSCORE', keys.gates, id) or '',
    redis.call('ZLEXCOUNT', keys.line, low, high), jobs, first }
  for _, value in ipairs(known) do reply[#reply + 1] = value end
end
