--# include lib/state.lua
-- Who may settle what: job by job, is this call's token the one that the job runs under? Writes a word per
-- job to `words`, and returns the jobs still held: `{n (which item), id, token, attempt, crashes, entry, since,
-- marked, asked}`, the numbers as text: most are only written again.
-- A job named twice in one call is settled once.
local function holders(state, ids, tokens, words)
  local states = redis.call('HMGET', state, unpack(ids))
  local mine, seen = {}, {}
  for n, id in ipairs(ids) do
    local attempt, crashes, entry, token, since, tail = string.match(states[n] or '', '^R (%d+) (%d+) (%S+) (%S+) (%d*)(.*)$')
    if not token or token ~= tokens[n] then
      words[n] = 'LEASELOST'
    elseif seen[id] then
      words[n] = 'ALREADY'
    else
      seen[id] = true
      words[n] = 'OK'
      mine[#mine + 1] = { n = n, id = id, token = token, attempt = attempt, crashes = crashes, entry = entry, since = since,
        marked = string.sub(tail, 1, 2) == ' +', asked = string.match(tail, '(%S+!)$') }
    end
  end
  return mine
end

-- Takes so many jobs out of each of these claims; one whose last job has ended leaves nothing.
local function drop_claims(leases, claims, held, by_token)
  for token, count in pairs(by_token) do
    if redis.call('HINCRBY', held, token, -count) <= 0 then
      redis.call('ZREM', leases, token)
      redis.call('HDEL', claims, token)
      redis.call('HDEL', held, token)
    end
  end
end

local function drop_held(leases, claims, held, mine)
  local by_token = {}
  for _, job in ipairs(mine) do by_token[job.token] = (by_token[job.token] or 0) + 1 end
  drop_claims(leases, claims, held, by_token)
end
