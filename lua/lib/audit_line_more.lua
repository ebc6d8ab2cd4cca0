function line_rules.places(keys, field)
  local value, gate = redis.call('HGET', keys.places, field), string.match(field, '^([^%z]+)%z')
  if string.byte(field) == 33 then return redis.call('EXISTS', keys.parked) == 1 end
  if gate then return redis.call('ZSCORE', keys.turns, gate .. '\0' .. seat_place(value) .. string.sub(field, #gate + 1)) end
  local at, head = class_place(value)
  return redis.call('ZSCORE', keys.line, at .. '\0' .. string.match(field, '|([^|]*)') .. '\0' .. head .. '\0' .. field)
end

function line_rules.gates(keys, gate)
  local at = redis.call('ZSCORE', keys.gates, gate)
  if gate == '!timers' then return redis.call('ZRANGE', keys.timers, 0, 0, 'WITHSCORES')[2] == at end
  if gate == '!paused' then return redis.call('HEXISTS', keys.limits, '!paused') == 1 end
  return not at or first_lex(keys.turns, gate)
end

function line_rules.lanes(keys)
  return redis.call('EXISTS', keys.parked) == 1
end

function line_rules.slots(keys, member)
  local limiter, id = string.match(member, '^([^%z]+)%z(.*)$')
  local place, _, class, aside = state_of(keys, id)
  local own = {}
  if place then class_slots(class, id, own) end
  local named = false
  for _, slot in ipairs(own) do named = named or slot == member end
  return named and (place == 'R' or (place == 'S' and aside ~= '' and string.sub(limiter, 1, 1) == 'o'))
end

function line_rules.pumped(keys, id)
  local place, entry = state_of(keys, id)
  return (place == 'R' or place == 'N') and string.byte(entry) == 38
end

function line_rules.timers(keys, member)
  return state_of(keys, string.sub(member, 3)) == 'P'
end
