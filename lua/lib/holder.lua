-- Who may settle what. `items` begin with id and token; returns a table of the jobs that this call
-- still holds, `{item, attempt, crashes, entry}` each, and writes the other items' words to `words`.
-- A job named twice in one call is settled once.
local function holders(state, items, words)
  local states = redis.call('HMGET', state, unpack(column(items, 1)))
  local mine, seen = {}, {}
  for i, item in ipairs(items) do
    local place, attempt, crashes, entry, token = parse_state(states[i])
    if seen[item[1]] == item[2] then
      words[i] = 'ALREADY'
    elseif place == 'R' and token == item[2] then
      seen[item[1]] = token
      words[i] = 'OK'
      mine[#mine + 1] = { item = item, id = item[1], token = token, attempt = attempt,
        crashes = crashes, entry = entry }
    else
      words[i] = 'LEASELOST'
    end
  end
  return mine
end

-- Takes jobs out of the claims they came with; a claim whose last job has ended leaves nothing.
local function drop_held(leases, claims, held, mine)
  local by_token = {}
  for _, job in ipairs(mine) do by_token[job.token] = (by_token[job.token] or 0) + 1 end
  for token, count in pairs(by_token) do
    if redis.call('HINCRBY', held, token, -count) <= 0 then
      redis.call('ZREM', leases, token)
      redis.call('HDEL', claims, token)
      redis.call('HDEL', held, token)
    end
  end
end

-- Takes entries out of the stream and its pending list.
local function drop_entries(stream, entries)
  if #entries == 0 then return end
  redis.call('XACK', stream, 'workers', unpack(entries))
  redis.call('XDEL', stream, unpack(entries))
end
