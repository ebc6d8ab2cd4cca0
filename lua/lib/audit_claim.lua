-- Does this claim token stand for a lease, a list of jobs, and the number of those that still run?
local function audit_claim(keys, token, wrong)
  local text = redis.call('HGET', keys.claims, token)
  if not redis.call('ZSCORE', keys.leases, token) then wrong('a claim has a lease', keys.leases, token) end
  if not text then return wrong('a lease has a claim', keys.claims, token) end
  local ids, running = {}, 0
  for id in string.gmatch(string.match(text, '^%S+ %d+ (.*)$') or '', '%S+') do ids[#ids + 1] = id end
  local states = #ids > 0 and redis.call('HMGET', keys.state, unpack(ids)) or {}
  for i = 1, #ids do
    local place, _, _, _, holder = parse_state(states[i])
    if place == 'R' and holder == token then running = running + 1 end
  end
  local said = tonumber(redis.call('HGET', keys.held, token) or -1)
  if said ~= running or running == 0 then wrong('a claim holds as many jobs as run', keys.held, token) end
end
