-- By claim: a page holds the running jobs of as many whole claims as make it full.
local function running_page(leases, claims, state, cursor, limit)
  local rank, reply = tonumber(cursor) or 0, { '' }
  local tokens = redis.call('ZRANGE', leases, rank, rank + limit - 1)
  for _, token in ipairs(tokens) do
    local list = string.match(redis.call('HGET', claims, token) or '', '^%S+ %d+ (.*)$') or ''
    local ids = {}
    for id in string.gmatch(list, '%S+') do ids[#ids + 1] = id end
    local states = #ids > 0 and redis.call('HMGET', state, unpack(ids)) or {}
    for i, id in ipairs(ids) do
      local job_place, _, _, _, holder = parse_state(states[i])
      if job_place == 'R' and holder == token then reply[#reply + 1] = id end
    end
    rank = rank + 1
    if #reply > limit then break end
  end
  if redis.call('ZCARD', leases) > rank then reply[1] = string.format('%d', rank) end
  return reply
end
