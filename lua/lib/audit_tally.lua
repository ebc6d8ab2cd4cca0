-- What is counted by task: readable, and never more than what was counted in all. (It may be less: a queue may be
-- older than this counting, or its user has deleted these keys.)
local function audit_tally(keys, wrong)
  local numbers, places = redis.pcall('GET', keys.sums.tally), redis.pcall('HGETALL', keys.sums.tallied)
  for name, reply in pairs({ tally = numbers, tallied = places, history = redis.pcall('XLEN', keys.sums.history) }) do
    if type(reply) == 'table' and reply.err then return wrong('counts by task can be read', keys.sums[name], name) end
  end
  local named, sums = { [0] = true }, { 0, 0, 0, 0, 0, 0, 0, 0 }
  for i = 1, #places, 2 do
    if string.byte(places[i]) ~= 33 then named[tonumber(places[i + 1]) or -1] = true end
  end
  for place in pairs(named) do
    for field = 1, 8 do
      local at = 64 * place + 8 * field - 7
      if numbers and place >= 0 and #numbers >= at + 7 then sums[field] = sums[field] + struct.unpack('>i8', numbers, at) end
    end
  end
  local all = redis.call('HMGET', keys.counts, 'enqueued', 'started', 'succeeded', 'retried', 'died', 'cancelled', 'expired')
  for field, total in ipairs(all) do
    if field ~= 2 and sums[field] > (tonumber(total) or 0) then -- nobody counts all starts
      wrong('counts by task add up to no more than all', keys.sums.tally, field - 1 .. ': ' .. sums[field] .. ' of ' .. (total or 0))
    end
  end
end
