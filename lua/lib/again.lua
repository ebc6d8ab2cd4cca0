-- Ids of a claim's text, in the order of the claim.
local function claimed_ids(text)
  local ids = {}
  for id in string.gmatch(string.match(text, '^%S+ %d+ (.*)$'), '%S+') do ids[#ids + 1] = id end
  return ids
end

-- A claim once more: the same jobs, as far as they still run. Returns what is left of their delays. The lease
-- begins anew, where it is there: nobody could renew it who had no answer, and the jobs begin only now.
local function hand_out_again(before, token, jobs, state, now, hand_out, leases, lease_ms)
  local ids, delays, n = claimed_ids(before), {}, 0
  local states, records = redis.call('HMGET', state, unpack(ids)), redis.call('HMGET', jobs, unpack(ids))
  for i, id in ipairs(ids) do
    local place, attempt, crashes, _, holder, since = parse_state(states[i])
    if place == 'R' and holder == token then
      hand_out(id, attempt, crashes, records[i])
      if tonumber(since) > now then delays[#delays + 1] = string.format('%d:%.0f', n, (tonumber(since) - now) * 1000) end
      n = n + 1
    end
  end
  redis.call('ZADD', leases, 'XX', whole(now + lease_ms), token)
  return table.concat(delays, ' ')
end
