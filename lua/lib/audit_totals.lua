--# include lib/audit_tally.lua
-- The conservation law in numbers: what was accepted is here or has ended, and what is here is in one place.
local function audit_totals(keys, wrong)
  local ended = 0
  local seen = redis.call('HMGET', keys.counts, 'enqueued', 'succeeded', 'cancelled', 'expired', 'deleted', 'evicted')
  for i = 2, #seen do ended = ended + (tonumber(seen[i]) or 0) end
  local present = redis.call('HLEN', keys.jobs)
  if (tonumber(seen[1]) or 0) ~= present + ended then
    wrong('accepted = present + ended', keys.counts, present .. ' + ' .. ended .. ' of ' .. (seen[1] or '0'))
  end
  local entries = redis.call('XLEN', keys.stream)
  local out = redis.call('ZCARD', keys.pumped)
  local placed = entries + redis.call('ZCARD', keys.scheduled) + redis.call('ZCARD', keys.dead) + redis.call('ZCARD', keys.parked)
    + out + redis.call('HLEN', keys.heirs)
  if placed ~= present then wrong('present = in the stream + parked + pumped + scheduled + dead + heirs', keys.jobs, placed .. ' of ' .. present) end
  local running = 0
  for _, number in ipairs(redis.call('HVALS', keys.held)) do running = running + (tonumber(number) or 0) end
  local aside = redis.call('ZCARD', keys.returned) + redis.call('ZCARD', keys.stranded)
  local pending = pending_count(keys.stream)
  if pending + out ~= running + aside then
    wrong('pending + pumped = running + returned + stranded', keys.stream, pending + out .. ' of ' .. running .. ' + ' .. aside)
  end
  if redis.call('ZCARD', keys.results_expiry) ~= redis.call('HLEN', keys.results) then
    wrong('a kept outcome has a value and an end', keys.results, 'totals')
  end
  local sent = redis.call('HMGET', keys.counts, 'sent', 'delivered')
  local away = redis.call('XLEN', keys.outbox)
  if (tonumber(sent[1]) or 0) ~= (tonumber(sent[2]) or 0) + away then
    wrong('sent = delivered + in the outbox', keys.outbox, (sent[2] or '0') .. ' + ' .. away .. ' of ' .. (sent[1] or '0'))
  end
  local bytes = tonumber(redis.call('HGET', keys.counts, 'bytes')) or 0
  if bytes < 0 or (bytes > 0 and present == redis.call('ZCARD', keys.dead)) then
    wrong('bytes of a budget belong to jobs', keys.counts, string.format('%.0f', bytes))
  end
  audit_tally(keys, wrong)
end
