-- The jobs of claims whose deadline has passed, as back_or_poison takes them, at most 16 in all: those of a claim that
-- has more stay its own until the next call. Id and worker of each are added to `reply`. A claim that holds nothing
-- any more is dropped.
local function lapsed_jobs(leases, claims, held, state, workers, now, limit, reply)
  local gone = {}
  local tokens = redis.call('ZRANGE', leases, '-inf', whole(now), 'BYSCORE', 'LIMIT', 0, limit)
  for _, token in ipairs(tokens) do
    if #gone == 16 then break end
    local text = redis.call('HGET', claims, token) or ''
    local worker, list = string.match(text, '^(%S+) %d+ (.*)$')
    local ids = {}
    for id in string.gmatch(list or '', '%S+') do ids[#ids + 1] = id end
    local alive = worker and redis.call('ZSCORE', workers, worker)
    local crashed = worker and not (alive and tonumber(alive) >= now) or false
    local states = #ids > 0 and redis.call('HMGET', state, unpack(ids)) or {}
    local found = false
    for i, id in ipairs(ids) do
      if #gone == 16 then break end
      local place, attempt, crashes, entry, holder, since, marked, asked = parse_state(states[i])
      if place == 'R' and holder == token then
        found = true
        gone[#gone + 1] = { id = id, token = token, attempt = attempt, crashes = crashes, entry = entry, since = since,
          worker = worker, crashed = crashed, lost = true, marked = marked, asked = asked,
          reason = crashed and 'crashed' or 'reclaimed' }
        reply[#reply + 1] = id
        reply[#reply + 1] = worker
      end
    end
    if not found then
      redis.call('ZREM', leases, token)
      redis.call('HDEL', claims, token)
      redis.call('HDEL', held, token)
    end
  end
  return gone
end
