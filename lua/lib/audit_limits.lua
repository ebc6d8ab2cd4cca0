-- The rules of what limiters have given and of what was set for them: true where it holds. A rate books nothing that a
-- job could leave behind: its one number is in the past soon, whatever became of the job.
function line_rules.rates(keys, limiter)
  local at = tonumber(redis.call('ZSCORE', keys.rates, limiter) or 0)
  return string.find(limiter, '^h?[rc][^%z|=]+$') and at >= 0 and at < 2 ^ 53
end

-- What a claim looks for it finds by these numbers only: one too few, and a pause or a weight is not seen.
function line_rules.limits(keys, field)
  local value, number = redis.call('HGET', keys.limits, field), nil
  if string.byte(field) == 33 then return (tonumber(value) or 0) > 0 end
  if string.sub(field, 1, 11) == 'pause lane ' then number = '!lanes'
  elseif string.sub(field, 1, 5) == 'pause' then number = '!paused'
  elseif string.find(field, '^=?weight ') then number = '!weights'
  elseif string.find(field, '!') then number = '!keys' end
  if number == '!paused' and not redis.call('ZSCORE', keys.gates, number) then return false end
  if number and (tonumber(redis.call('HGET', keys.limits, number)) or 0) <= 0 then return false end
  if number == '!weights' or string.find(field, '^=?aging$') then return tonumber(value) end
  return number == '!paused' or number == '!lanes' or string.find(value, '^[rc] %S+ ?%S*$')
end
